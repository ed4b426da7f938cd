# SPDX-License-Identifier: Apache-2.0
"""Damage in PNG files is found by their checksums, wherever it is."""

import cv2
import numpy as np
import pytest

from mmseg_im.files.png import gray_size, png_flaw


@pytest.fixture
def content() -> bytes:
    label = np.random.default_rng(0).integers(0, 4, (20, 30), np.uint8)
    return cv2.imencode('.png', label)[1].tobytes()


def test_every_flipped_bit(content):
    assert png_flaw(content) is None
    for at in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        assert png_flaw(bytes(flipped)) is not None, at


def test_every_length(content):
    assert all(png_flaw(content[:n]) for n in range(len(content)))
    assert png_flaw(content + b'\0') == 'is damaged'


def test_size_and_kind(content):
    assert gray_size(content) == (20, 30)
    colours = cv2.imencode('.png', np.zeros((2, 3, 3), np.uint8))[1].tobytes()
    deep = cv2.imencode('.png', np.zeros((2, 3), np.uint16))[1].tobytes()
    end = content[:8] + content[-12:]
    assert [gray_size(c) for c in (colours, deep, end)] == [None] * 3
