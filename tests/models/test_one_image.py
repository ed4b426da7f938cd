# SPDX-License-Identifier: Apache-2.0
"""A batch that is too small for batch norm is named as its user knows it."""

import pytest
from mmseg.registry import MODELS

from mmseg_im.errors import UserError
from tests.conftest import tiny_model


def test_one_image_is_too_few_for_a_head_that_pools(batch):
    """Batch norm has one value there; in torch's words "per channel", which no config key is."""
    cfg = tiny_model()
    own = cfg['decode_head']
    keys = ('in_channels', 'in_index', 'num_classes', 'align_corners', 'loss_decode')
    cfg['decode_head'] = dict(
        {key: own[key] for key in keys if key in own},
        type='ASPPHead',
        channels=4,
        dilations=(1, 2),
        norm_cfg=dict(type='BN'),
    )
    model = MODELS.build(cfg).train()
    views, samples = batch()
    assert model.loss(views, samples)['decode.loss_ce'].isfinite()
    one = {k: v[:1] for k, v in views.items()}, {k: v[:1] for k, v in samples.items()}
    with pytest.raises(UserError, match='batch of 1 image .*train_dataloader.batch_size to 2'):
        model.loss(*one)
