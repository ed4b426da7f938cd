# SPDX-License-Identifier: Apache-2.0
"""What the log says of unlabeled images that teach nothing, or one class alone."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from mmseg_im.engine.hooks import use_warnings
from mmseg_im.engine.hooks.mask_statistics import _Sums
from mmseg_im.engine.hooks.use_warnings import UseWarnings

LITTLE, ONE = 'Almost no unlabeled pixel', 'alone: what is rare is forgotten'
CRACKS = dict(background=0.9995, crack=0.0005)
BOTH = dict(background=0.98, crack=0.02)


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """All warnings."""
    texts: list[str] = []
    monkeypatch.setattr(use_warnings, 'print_log', lambda text, **_: texts.append(text))
    return texts


def judge(*epochs: tuple[float, dict[str, float]]) -> None:
    warnings = UseWarnings()
    for epoch in epochs:
        warnings.after_epoch(*epoch)
    warnings.at_end()


def test_little_use_is_said_once_and_at_the_end(said):
    judge((0.0, BOTH), (0.004, BOTH), (0.5, BOTH), (0.0, BOTH), (0.0, BOTH))
    assert len(said) == 2 and all(text.startswith(LITTLE) for text in said)
    assert '4 of 5 epochs' in said[1]


def test_little_use_that_passes_or_that_was_just_said_is_not_repeated(said):
    judge((0.0, BOTH), (0.3, BOTH))
    assert len(said) == 1
    judge((0.0, BOTH))
    assert len(said) == 2


def test_one_class_alone_is_said_once_and_at_the_end(said):
    judge((0.99, CRACKS), (0.99, CRACKS))
    assert len(said) == 2 and ONE in said[0] and 'teach background alone' in said[0]
    assert 'in the last epoch, too' in said[1] and 'teach background alone' in said[1]
    judge((0.99, dict(cell=0.0, nucleus=0.0002)))
    assert len(said) == 3 and 'teach the absence of every class alone' in said[2]
    judge((0.99, CRACKS), (0.99, BOTH))  # which comes right
    assert len(said) == 4


@pytest.mark.parametrize(('used', 'predicted'), [(0.99, BOTH), (0.6, CRACKS)])
def test_rare_classes_and_pixels_held_back_are_no_reason(said, used, predicted):
    judge((used, predicted))
    assert not said


def test_training_without_pseudo_labels(demo_cfg):
    demo_cfg.model.semi.threshold = 1.0
    runner = Runner.from_cfg(demo_cfg)
    runner.train()
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert log.count(LITTLE) == 2 and '2 of 2 epochs' in log and ONE not in log


def test_the_share_of_each_class_is_of_the_pixels_that_are_no_padding():
    counts = dict(valid=8.0, masked=2.0, used=6.0, inside=0.0, outside=0.0)
    tensors = {key: torch.tensor(value).double() for key, value in counts.items()}
    tensors['class'] = torch.tensor([6.0, 2.0]).double()
    tensors['class_masked'] = torch.tensor([0.0, 2.0]).double()
    sums = _Sums()
    sums.add(tensors)
    overall, masked, predicted = sums.shares(('background', 'crack'))
    assert overall == dict(masked=0.25, used=0.75)
    assert masked == dict(background=0.0, crack=1.0)
    assert predicted == dict(background=0.75, crack=0.25)
