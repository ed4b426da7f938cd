# SPDX-License-Identifier: Apache-2.0
"""Heads and losses that fail in the first step, or learn something else, are refused at once."""

import pytest
from mmseg.registry import MODELS

from mmseg_im.errors import UserError
from tests.conftest import tiny_model

FIXMATCH = dict(type='FixMatch', teachers=[dict(type='EMATeacher')], threshold=0.95)


def refuse(message: str, cfg: dict) -> None:
    with pytest.raises(UserError, match=message):
        MODELS.build(cfg)


@pytest.mark.parametrize(
    'loss', [dict(type='CrossEntropyLoss', use_sigmoid=True), dict(type='FocalLoss')]
)
def test_sigmoids_beside_a_softmax(loss):
    refuse('learns a sigmoid for each class', tiny_model(FIXMATCH, loss_decode=loss))
    dice = dict(type='DiceLoss')
    both = [dict(type='CrossEntropyLoss'), dict(dice, loss_name='loss_dice')]
    MODELS.build(tiny_model(FIXMATCH, loss_decode=both))


@pytest.mark.parametrize(
    'softmax', [dict(type='CrossEntropyLoss'), dict(type='DiceLoss', use_sigmoid=False)]
)
@pytest.mark.parametrize(
    'sigmoid', [dict(type='CrossEntropyLoss', use_sigmoid=True), dict(type='FocalLoss')]
)
def test_a_sigmoid_and_a_softmax_of_one_head(sigmoid, softmax):
    both = [dict(softmax, loss_name='loss_one'), dict(sigmoid, loss_name='loss_two')]
    name = sigmoid['type']
    refuse(
        rf'loss_decode={name} learns a sigmoid for each class \(beside others that learn a softmax',
        tiny_model(FIXMATCH, loss_decode=both),
    )


@pytest.mark.parametrize('value', [0, 254])
def test_another_ignore_index(value):
    cfg = tiny_model(FIXMATCH)
    cfg['decode_head']['ignore_index'] = value
    refuse(f'FCNHead.ignore_index of model is {value}. Pseudo-labels', cfg)


def test_padding_that_would_be_learned():
    cfg = tiny_model()
    cfg['data_preprocessor']['seg_pad_val'] = 0
    refuse('model.data_preprocessor.seg_pad_val is 0', cfg)


def test_an_auxiliary_head_with_other_classes():
    cfg = tiny_model(FIXMATCH)
    cfg['auxiliary_head'] = dict(cfg['decode_head'], num_classes=5)
    refuse('of model.auxiliary_head has num_classes=5 and model.decode_head 4', cfg)


def test_losses_that_do_not_fit_their_head():
    """A loss of another signature, and weights for another number of classes."""
    other = dict(type='OhemCrossEntropy')
    refuse('loss_decode=OhemCrossEntropy is a loss of another', tiny_model(loss_decode=other))
    weights = dict(type='WeightedCrossEntropyLoss', class_weight=[1.0, 2.0])
    refuse('class_weight has 2 numbers for 4 classes', tiny_model(loss_decode=weights))


@pytest.mark.parametrize(('ranks', 'right'), [((3, 20), (2, 3)), ((2, 2), (2, 3))])
def test_ranks_that_no_class_has(ranks, right):
    semi = dict(type='U2PL', teachers=[dict(type='EMATeacher')], in_channels=[4], in_index=[1])
    cfg = tiny_model(dict(semi, ranks=ranks), num_classes=3)
    refuse(rf'the contrast would have no negatives. Set it to \({right[0]}, {right[1]}\)', cfg)
