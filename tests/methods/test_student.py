# SPDX-License-Identifier: Apache-2.0
"""The segmentors have all that a method may ask of a student; mypy knows no class of mmseg."""

import inspect

import pytest

from mmseg_im.methods.student import Student
from mmseg_im.models import SemiCascadeSegmentor, SemiSegmentor

pytestmark = pytest.mark.fast

METHODS = {name: f for name, f in vars(Student).items() if name[0] != '_' and inspect.isfunction(f)}


def test_a_segmentor_has_the_attributes(build_tiny):
    model = build_tiny()
    assert [name for name in Student.__annotations__ if not hasattr(model, name)] == []


@pytest.mark.parametrize('segmentor', [SemiSegmentor, SemiCascadeSegmentor])
@pytest.mark.parametrize('name', METHODS)
def test_a_segmentor_takes_the_same_arguments(segmentor, name):
    found, expected = (inspect.signature(f) for f in (getattr(segmentor, name), METHODS[name]))
    assert list(found.parameters) == list(expected.parameters)
