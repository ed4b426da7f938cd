# SPDX-License-Identifier: Apache-2.0
"""A class that is not found is named, however good the mean looks."""

import math

import pytest
from mmengine.registry import RUNNERS

from mmseg_im.engine.hooks import unfound_classes
from mmseg_im.engine.hooks.unfound_classes import UnfoundClassesHook, unfound


@pytest.fixture
def said(monkeypatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(unfound_classes, '_warn', texts.append)
    return texts


def validate(hook: UnfoundClassesHook, **ious: float) -> None:
    hook.after_val_epoch(None, {'aAcc': 98.4, **{f'IoU/{k}': v for k, v in ious.items()}})


def test_a_class_is_named_once_while_training_and_once_at_the_end(said):
    hook = UnfoundClassesHook(patience=2)
    hook.before_train(None)
    for _ in range(4):
        validate(hook, sky=98.0, crack=0.0)
    assert len(said) == 1 and 'IoU of crack is 0 in 2 validations in a row' in said[0]
    assert 'tools/class_weights.py' in said[0]
    hook.after_train(None)
    assert len(said) == 2 and said[1].startswith('At the end IoU of crack is 0')


def test_what_is_found_late_begins_anew(said):
    hook = UnfoundClassesHook(patience=2)
    for value in (0.0, 1.0, 0.0, 1.0):
        validate(hook, sky=98.0, crack=value)
    hook.after_train(None)
    assert said == []


def test_a_class_that_validation_lacks_is_no_class_that_was_not_found(said):
    hook = UnfoundClassesHook(patience=1)
    for _ in range(2):
        validate(hook, sky=98.0, crack=math.nan)
    hook.after_train(None)
    assert len(said) == 1 and 'No validation image shows crack' in said[0]


def test_a_metric_without_classes_is_said_once(said):
    hook = UnfoundClassesHook()
    for _ in range(3):
        hook.after_val_epoch(None, {'mIoU': 49.2})
    assert len(said) == 1 and 'reports no IoU/CLASS' in said[0] and 'ClassIoUMetric' in said[0]


def test_teachers_have_other_names():
    assert unfound({'IoU/a': 0.0, 'IoU/b': 3.0, 'teacher0/IoU/b': 0.0, 'mIoU': 0.0}) == {'a'}


def test_a_training_says_it(demo_cfg, capfd):
    """Through the runner: equal logits are background, the first class."""
    demo_cfg.val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
    demo_cfg.optim_wrapper.optimizer.lr = 0.0
    zeros = dict(type='Constant', val=0, bias=0, override=dict(name='conv_seg'))
    demo_cfg.model.decode_head.init_cfg = zeros
    RUNNERS.build(demo_cfg).train()
    text = ''.join(capfd.readouterr())
    assert 'At the end IoU of disc, square, triangle is 0.' in text
