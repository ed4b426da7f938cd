# SPDX-License-Identifier: Apache-2.0
"""Channels and label maps that a model does not take end a training before its first step."""

import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS, TRANSFORMS
from mmseg.structures import SegDataSample

from mmseg_im.engine.sample_fit import check_fit
from tests.conftest import tiny_model


@TRANSFORMS.register_module()
class FourthChannel:
    """Repeats one of three channels, in some images."""

    def __init__(self, share: float):
        self.share = share

    def __call__(self, results: dict) -> dict:
        if torch.rand(1) < self.share:
            results['img'] = results['img'][..., [0, 1, 2, 2]]
        return results


def labeled(maps: int, channels: int = 3) -> dict:
    sample = SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(maps, 8, 8)))
    return dict(inputs=torch.zeros(channels, 8, 8), data_samples=sample)


@pytest.fixture
def network():
    return MODELS.build(tiny_model())


@pytest.mark.fast
def test_samples_that_fit(network):
    check_fit(network, labeled(1), 'x')
    check_fit(network, dict(inputs=dict(sup=torch.zeros(3, 8, 8))), 'x')
    check_fit(torch.nn.Conv2d(5, 5, 1), labeled(4, 9), 'x')  # not asked
    check_fit(network, dict(inputs=[torch.zeros(4, 8, 8)]), 'x')  # augmented at test time


@pytest.mark.fast
def test_channels(network):
    with pytest.raises(ValueError, match='x: images have 4 channels when .* the model takes 3'):
        check_fit(network, labeled(1, 4), 'x')
    views = dict(sup=torch.zeros(3, 8, 8), strong=torch.zeros(1, 8, 8))
    with pytest.raises(ValueError, match=r"images have 1 channel \(view 'strong'\)"):
        check_fit(network, dict(inputs=views), 'x')


class Widened(SegDataPreProcessor):
    """A preprocessor that makes channels of its own."""

    def forward(self, data, training=False):
        return data


@pytest.mark.fast
def test_a_preprocessor_of_ones_own_is_not_asked(network):
    network.data_preprocessor = Widened()
    check_fit(network, labeled(1, 4), 'x')
    network.data_preprocessor = BaseDataPreprocessor()
    check_fit(network, labeled(1, 4), 'x')


@pytest.mark.fast
def test_label_maps(network):
    with pytest.raises(ValueError, match="has 4 maps, and model.label_space='multiclass' takes 1"):
        check_fit(network, labeled(4), 'x')
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    several = MODELS.build(dict(tiny_model(loss_decode=loss), label_space='multilabel'))
    check_fit(several, labeled(several.num_classes), 'x')
    with pytest.raises(ValueError, match="has 1 map, and model.label_space='multilabel' takes"):
        check_fit(several, labeled(1), 'x')


@pytest.mark.parametrize(
    ('path', 'share', 'where'),
    [
        ('train_dataloader.dataset.labeled.pipeline', 1.0, r"train_.*\(view 'sup'\)"),
        ('train_dataloader.dataset.labeled.pipeline', 0.6, r"train_.*\(view 'sup'\)"),
        ('train_dataloader.dataset.unlabeled.pipeline.-1.views.weak', 1.0, r"\(view 'weak'\)"),
        ('val_dataloader.dataset.pipeline', 1.0, 'val_dataloader.dataset: images have 4 channels'),
    ],
)
def test_before_the_first_step(demo_cfg, path, share, where):
    *names, last = path.split('.')
    holder = demo_cfg
    for name in names:
        holder = holder[int(name) if name.lstrip('-').isdigit() else name]
    step = dict(type='FourthChannel', share=share)
    holder[last] = [*holder[last][:-1], step, holder[last][-1]]
    with pytest.raises(ValueError, match=where):
        Runner.from_cfg(demo_cfg).train()
