# SPDX-License-Identifier: Apache-2.0
"""Steps that load annotations are known by their class, whatever they are called."""

from pathlib import Path

import class_weights
import pytest
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import Config
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_im.datasets.annotation_steps import loads_annotations, without_annotations
from mmseg_im.label_next.unlabeled_images import unlabeled_images
from mmseg_im.prediction.folder_config import folder_dataset
from tests.conftest import make_demo_cfg
from tools.test import flipped


@TRANSFORMS.register_module()
class MasksForTest(LoadAnnotations):
    """Of the user's own."""


@TRANSFORMS.register_module()
class LoadMyAnnotationsForTest(BaseTransform):
    """Likewise, derived from nothing."""

    def transform(self, results):
        return results


@TRANSFORMS.register_module()
class ShowAnnotationsForTest(BaseTransform):
    """Draws them and loads nothing."""

    def transform(self, results):
        return results


LOADERS = (
    'LoadAnnotations', 'mmseg.LoadAnnotations', LoadAnnotations, 'LoadBinaryAnnotations',
    'LoadMultiLabelAnnotations', 'LoadHiddenAnnotations', 'LoadBiomedicalAnnotation',
    'MasksForTest', MasksForTest, 'LoadMyAnnotationsForTest', 'LoadAnnotationsNotRegistered',
)  # fmt: skip
OTHERS = 'LoadImageFromFile', LoadImageFromFile, 'Resize', 'ShowAnnotationsForTest', 'Unknown'


@pytest.mark.parametrize('kind', LOADERS)
def test_loaders(kind):
    assert loads_annotations(dict(type=kind))


@pytest.mark.parametrize('kind', OTHERS)
def test_others(kind):
    assert not loads_annotations(dict(type=kind))


def test_pipeline_without_annotations():
    load, label, pack = (dict(type=t) for t in ('LoadImageFromFile', 'MasksForTest', 'PackSeg'))
    wrapped = dict(type='RandomApply', prob=1.0, transforms=[label])
    both = dict(type='RandomApply', prob=0.5, transforms=[load, label])
    views = dict(type='TestTimeAug', transforms=[[load, load], [label], [pack]])
    choice = dict(type='RandomChoice', transforms=[[load], []])
    before = [load, wrapped, both, views, choice, pack]
    assert without_annotations(before) == [
        load,
        dict(both, transforms=[load]),
        dict(views, transforms=[[load, load], [pack]]),
        choice,
        pack,
    ]
    assert both['transforms'] == [load, label]


def own_loader(cfg: Config) -> Config:
    """The config with a loader of annotations that has no such name."""
    cfg.train_dataloader.dataset.labeled.pipeline[1].type = 'MasksForTest'
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'LoadAnnotations':
            step.type = 'MasksForTest'
    assert cfg.pretty_text.count('MasksForTest') >= 2
    return cfg


def test_tools_know_a_loader_of_any_name(mini_shapes, tmp_path):
    cfg = own_loader(make_demo_cfg(mini_shapes, tmp_path))
    known = unlabeled_images(cfg)
    assert len(known) and 'gt_sem_seg' not in known[0]['data_samples']

    _, counted, pixels = class_weights.labeled_pixels(cfg)
    assert len(counted) == 4 and counted.sum() == pixels[:, 0].sum() > 0

    augmented = flipped(cfg.test_dataloader.dataset.pipeline)[1]['transforms']
    kinds = [[step['type'] for step in choice] for choice in augmented]
    assert kinds.index(['RandomFlip'] * 2) == kinds.index(['MasksForTest']) - 1

    names = tmp_path / 'names.txt'
    names.write_text(Path(known.get_data_info(0)['img_path']).name + '\n')
    folder = Path(known.get_data_info(0)['img_path']).parent
    dataset = folder_dataset(cfg, folder, names, resize=True)
    assert 'gt_sem_seg' not in dataset[0]['data_samples']


def test_class_weights_without_a_loader_says_so(mini_shapes, tmp_path):
    cfg = make_demo_cfg(mini_shapes, tmp_path)
    del cfg.train_dataloader.dataset.labeled.pipeline[1]
    with pytest.raises(ValueError, match='no step of the pipeline .* derive it from Load'):
        class_weights.labeled_pixels(cfg)
