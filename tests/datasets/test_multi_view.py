# SPDX-License-Identifier: Apache-2.0
"""Views: branches after a shared geometry, or with one of their own."""

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose

from mmseg_im.datasets.seeded import seeded
from mmseg_im.datasets.transforms import LoadEmptyAnnotations, MultiView
from tests.datasets.random_images import SIZES, noise

pytestmark = pytest.mark.fast

PACK = dict(type='PackSemiInputs')


@pytest.mark.parametrize('views', [{}, dict(sup=[PACK]), dict(weak=[PACK], sup=[PACK])], ids=str)
def test_multi_view_refuses(views):
    with pytest.raises(ValueError, match='MultiView.views'):
        MultiView(views)


@pytest.mark.parametrize('size', SIZES)
def test_multi_view_of_any_size(size):
    image = noise(size)
    strong = [dict(type='ColorJitter'), dict(type='GaussianBlur', sigma=(1.0, 1.0)), PACK]
    views = dict(strong=strong, weak=[PACK], strong2=strong)
    pipeline = Compose([LoadEmptyAnnotations(), MultiView(views)])
    with seeded(0):
        packed = pipeline(dict(img=image.copy(), seg_fields=[]))
    # the first branch must not have changed what the next one gets
    np.testing.assert_array_equal(packed['inputs']['weak'].permute(1, 2, 0).numpy(), image)
    assert not torch.equal(packed['inputs']['strong'], packed['inputs']['strong2'])
    for name in views:
        assert packed['inputs'][name].shape == (3, *size)
        label = packed['data_samples'][name].gt_sem_seg.data
        assert label.shape == (1, *size) and not label.any()
    assert packed['data_samples']['weak'] is not packed['data_samples']['strong']


def test_two_crops_of_one_image():
    """Branches with a geometry of their own; the views of a branch stay pixel-aligned."""
    image = noise((40, 50))
    crop = dict(type='RandomCrop', crop_size=(16, 16))
    views = dict(
        first=[crop, dict(type='MultiView', views=dict(weak=[PACK], strong1=[PACK]))],
        second=[crop, dict(type='MultiView', views=dict(mix_weak=[PACK], mix_strong1=[PACK]))],
    )
    pipeline = Compose([LoadEmptyAnnotations(), MultiView(views)])
    with seeded(0):
        packed = pipeline(dict(img=image, seg_fields=[]))
    assert list(packed['inputs']) == ['weak', 'strong1', 'mix_weak', 'mix_strong1']
    assert packed['inputs'].keys() == packed['data_samples'].keys()
    same = [torch.equal(packed['inputs']['weak'], other) for other in packed['inputs'].values()]
    assert same == [True, True, False, False]
    twice = dict(a=views['first'], b=views['first'])
    with pytest.raises(ValueError, match="two views are named 'strong1'"):
        MultiView(twice).transform(dict(LoadEmptyAnnotations()(dict(img=image, seg_fields=[]))))
