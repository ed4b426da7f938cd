# SPDX-License-Identifier: Apache-2.0
"""What the data preprocessor makes of batches with views."""

import copy

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.models import SegDataPreProcessor

from mmseg_im.datasets import SeededDataset
from mmseg_im.models.data_preprocessor import MultiViewDataPreProcessor
from tests.datasets.conftest import BRIGHTNESS, PREPROCESSOR, label_of


def test_padding_is_255_in_every_view(semi, mini):
    # the images have 12 x 16 pixels, less than the crop in both directions
    dataset = semi(geometry=[dict(type='RandomCrop', crop_size=(16, 20))], strong=BRIGHTNESS)
    samples = [dataset[i] for i in range(3)]
    images = [sample['inputs']['sup'].clone() for sample in samples]
    batch = MultiViewDataPreProcessor(**PREPROCESSOR)(pseudo_collate(samples), training=True)
    for view in ('sup', 'weak', 'strong'):
        inputs = batch['inputs'][view]
        assert inputs.shape == (3, 3, 16, 20)
        assert inputs[:, :, :12, :16].all()  # no value is the mean, so none is 0
        assert not inputs[:, :, 12:].any() and not inputs[:, :, :, 16:].any()
        for i in range(3):
            label = label_of(batch['data_samples'][view][i])
            assert label.shape == (16, 20)
            inside = mini.label_of(images[i]) if view == 'sup' else 0
            np.testing.assert_array_equal(label[:12, :16], inside)
            assert (label[12:] == 255).all() and (label[:, 16:] == 255).all()


def test_each_view_is_preprocessed_as_mmseg_does(semi):
    batch = pseudo_collate([semi(strong=BRIGHTNESS)[i] for i in range(2)])
    expected = {
        view: SegDataPreProcessor(**PREPROCESSOR)(
            dict(inputs=images, data_samples=copy.deepcopy(batch['data_samples'][view])), True
        )
        for view, images in batch['inputs'].items()
    }
    result = MultiViewDataPreProcessor(**PREPROCESSOR)(batch, training=True)
    for view, value in expected.items():
        assert torch.equal(result['inputs'][view], value['inputs'])
        for ours, theirs in zip(result['data_samples'][view], value['data_samples'], strict=True):
            assert torch.equal(ours.gt_sem_seg.data, theirs.gt_sem_seg.data)
            assert ours.metainfo == theirs.metainfo


@pytest.mark.parametrize('training', [True, False])
def test_batch_without_views_is_left_to_mmseg(mini, training):
    dataset = SeededDataset(mini.cfg('labeled'))
    batch = pseudo_collate([dataset[i] for i in range(3)])
    theirs = SegDataPreProcessor(**PREPROCESSOR)(copy.deepcopy(batch), training)
    ours = MultiViewDataPreProcessor(**PREPROCESSOR)(batch, training)
    assert torch.equal(ours['inputs'], theirs['inputs'])
    for one, other in zip(ours['data_samples'], theirs['data_samples'], strict=True):
        assert torch.equal(one.gt_sem_seg.data, other.gt_sem_seg.data)
        assert one.metainfo == other.metainfo
