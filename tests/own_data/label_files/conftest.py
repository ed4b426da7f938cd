# SPDX-License-Identifier: Apache-2.0
"""Images, label files of annotation tools beside them, and the command that reads both."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.own_data.conftest import save

SIZE = 48, 64
SAMPLES = Path(__file__).parent / 'samples'


@pytest.fixture
def images(tmp_path) -> Path:
    """Six images of noise, ``0.png`` to ``5.png``."""
    rng = np.random.default_rng(0)
    for i in range(6):
        picture = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        save(tmp_path / 'images' / f'{i}.png', picture)
    return tmp_path / 'images'


@pytest.fixture
def run(call_tool, tmp_path):
    """Makes ``tmp_path/mine``; returns the exit message (None: it went well) and what was said."""

    def call(images, labels, *options) -> tuple[str | None, str]:
        args = [images, labels, '--out', tmp_path / 'mine', '--network', 'unet', *options]
        return call_tool('init_project.py', *args)

    return call


def square(left: float, top: float, side: float) -> list[float]:
    """A polygon of COCO."""
    return [left, top, left + side, top, left + side, top + side, left, top + side]


def coco_content(count: int = 6) -> dict:
    """Six images, of which the first four have a square of ``a`` and one of ``b`` apart."""
    images = [dict(id=i, file_name=f'{i}.png', height=SIZE[0], width=SIZE[1]) for i in range(count)]
    annotations = [
        dict(id=10 * i + c, image_id=i, category_id=c, iscrowd=0,
             segmentation=[square(4 + i + 28 * (c - 1), 6, 14)])
        for i in range(4) for c in (1, 2)
    ]  # fmt: skip
    categories = [dict(id=1, name='a'), dict(id=2, name='b')]
    return dict(images=images, annotations=annotations, categories=categories)


def labelme_content(image: str, shapes: list[tuple], **others) -> dict:
    """A file of LabelMe with ``(label, points)`` or ``(label, points, shape_type)``."""
    return dict(
        version='5.5.0', flags={}, imagePath=image, imageData=None, imageHeight=SIZE[0],
        imageWidth=SIZE[1],
        shapes=[
            dict(label=label, points=points, group_id=None, flags={},
                 shape_type=kind[0] if kind else 'polygon')
            for label, points, *kind in shapes
        ],
    ) | others  # fmt: skip


def write(path: Path, content: object) -> Path:
    """Writes JSON or a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding='utf-8')
    return path
