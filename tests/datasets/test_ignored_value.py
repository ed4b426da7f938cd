# SPDX-License-Identifier: Apache-2.0
"""Padding, holes and turned-in corners must not be learned as a class."""

import pytest
from mmengine.runner import Runner
from torch import nn

from mmseg_im.datasets.checks import build_checked, build_evaluation, check_evaluation
from mmseg_im.engine.checked_training import check_training
from mmseg_im.errors import UserError
from tests.datasets.conftest import LOAD, naming

WHERE = 'the.key'
LABEL, PACK = dict(type='LoadAnnotations'), dict(type='PackSegInputs')
CUT_OUT = dict(type='RandomCutOut', prob=1.0, n_holes=1, cutout_shape=(2, 2))


def pad(value) -> dict:
    return dict(type='Pad', size=(24, 24), pad_val=dict(img=0, seg=value))


WRONG = [
    (pad(0), "Pad.pad_val['seg'] is 0"),
    (dict(type='RandomRotate', prob=1.0, degree=9, seg_pad_val=0), 'RandomRotate.seg_pad_val is 0'),
    (dict(CUT_OUT, seg_fill_in=0), 'RandomCutOut.seg_fill_in is 0'),
    (dict(type='RandomCrop', crop_size=(8, 8), ignore_index=0), 'RandomCrop.ignore_index is 0'),
    (dict(type='RandomApply', transforms=[pad(254)]), "Pad.pad_val['seg'] is 254"),
    (dict(type='RandomChoice', transforms=[[pad(255)], [pad(3)]]), "Pad.pad_val['seg'] is 3"),
]


def cfg_of(mini, *steps, kind='labeled', **changes) -> dict:
    return mini.cfg(kind, pipeline=[LOAD, LABEL, *steps, PACK], **changes)


@pytest.mark.parametrize(('step', 'message'), WRONG)
def test_another_ignored_label_of_a_step(mini, step, message):
    with pytest.raises(UserError, match=naming(f'{WHERE}.pipeline.{message}', 'Set it to 255')):
        build_checked(cfg_of(mini, step), WHERE, labeled=True)


def test_it_is_refused_in_every_role(mini):
    """Of unlabeled images, for which padding would be a pixel like others, and of a test, too."""
    empty = mini.cfg('unlabeled', pipeline=[LOAD, dict(type='LoadEmptyAnnotations'), pad(0), PACK])
    with pytest.raises(UserError, match=naming("Pad.pad_val['seg'] is 0")):
        build_checked(empty, WHERE, labeled=False)
    with pytest.raises(UserError, match=naming("Pad.pad_val['seg'] is 0")):
        check_evaluation(build_evaluation(cfg_of(mini, pad(0)), WHERE), WHERE)
    loader = Runner.build_dataloader(dict(
        dataset=cfg_of(mini, pad(0)), batch_size=1, num_workers=0,
        sampler=dict(type='DefaultSampler')))  # fmt: skip
    with pytest.raises(UserError, match=naming('train_dataloader', "Pad.pad_val['seg'] is 0")):
        check_training(loader, nn.Identity())


def test_another_ignored_label_of_a_data_set(mini):
    with pytest.raises(UserError, match=naming(f'{WHERE}.ignore_index is 0', 'label_map')):
        build_checked(cfg_of(mini, ignore_index=0), WHERE, labeled=True)


def test_what_ignores_or_changes_no_label_passes(mini):
    steps = [
        dict(type='Pad', size=(24, 24), pad_val=dict(img=0)),
        dict(type='Pad', size=(26, 26), pad_val=7),
        dict(CUT_OUT, seg_fill_in=255), CUT_OUT,
    ]  # fmt: skip
    assert len(build_checked(cfg_of(mini, *steps), WHERE, labeled=True)) == 3
