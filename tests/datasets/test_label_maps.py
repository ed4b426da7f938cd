# SPDX-License-Identifier: Apache-2.0
"""Annotations of one map, of overlapping classes and of binary tasks, loaded and packed."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_im.datasets import MultiLabelDataset, SeededDataset
from mmseg_im.datasets.transforms import PackSemiInputs
from mmseg_im.models.data_preprocessor import MultiViewDataPreProcessor
from tests.datasets.random_images import noise

pytestmark = pytest.mark.fast


def test_packing_of_one_map_is_that_of_mmseg():
    results = dict(img=noise(), gt_seg_map=noise()[..., 0], img_path='a.png', flip=True)
    ours = PackSemiInputs()(dict(results))
    theirs = TRANSFORMS.build(dict(type='PackSegInputs'))(dict(results))
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert ours['data_samples'].metainfo == theirs['data_samples'].metainfo
    assert ours['data_samples'].keys() == theirs['data_samples'].keys()
    one, other = (packed['data_samples'].gt_sem_seg.data for packed in (ours, theirs))
    assert torch.equal(one, other) and one.dtype == other.dtype


def test_image_without_annotation_is_packed():
    packed = PackSemiInputs()(dict(img=noise()))  # as inference does
    assert packed['data_samples'].keys() == []


@pytest.mark.parametrize('classes', [('cell', 'nucleus'), ('nucleus',)], ids=len)
def test_multi_label_maps(cells, classes):
    # the files hold 0, 1, 128 and 255; the preprocessor pads 9 x 14 to 12 x 20
    dataset = SeededDataset(cells.cfg(classes=classes))
    samples = [dataset[i] for i in range(4)]
    for name, sample in zip(cells.names, samples, strict=True):
        label = sample['data_samples'].gt_sem_seg.data
        assert label.shape == (len(classes), 9, 14) and label.dtype == torch.int64
        np.testing.assert_array_equal(label.numpy(), cells.present(name, classes))
    batch = MultiViewDataPreProcessor(size=(12, 20))(pseudo_collate(samples), training=True)
    for name, sample in zip(cells.names, batch['data_samples'], strict=True):
        label = sample.gt_sem_seg.data.numpy()
        assert label.shape == (len(classes), 12, 20)
        np.testing.assert_array_equal(label[:, :9, :14], cells.present(name, classes))
        assert (label[:, 9:] == 255).all() and (label[:, :, 14:] == 255).all()


@pytest.mark.parametrize('value', [1, 2, 254, 255])
def test_any_value_but_zero_is_present(tmp_path, value):
    paths = {cls: str(tmp_path / f'{cls}.png') for cls in ('cell', 'nucleus')}
    mask = np.zeros((3, 5), np.uint8)
    mask[1, 2:4] = value
    cv2.imwrite(paths['cell'], mask)
    cv2.imwrite(paths['nucleus'], np.zeros_like(mask))
    load = TRANSFORMS.build(dict(type='LoadMultiLabelAnnotations'))
    results = load(dict(seg_map_path=paths, seg_fields=[]))
    assert results['seg_fields'] == ['gt_seg_map']
    np.testing.assert_array_equal(results['gt_seg_map'][..., 0], mask > 0)
    assert not results['gt_seg_map'][..., 1].any()


@pytest.mark.parametrize('count', [1, 2, 6])
def test_multi_label_maps_follow_geometry(cells, count):
    """Every class is moved as mmseg moves a single label map; count: classes, few and many."""
    geometry = [
        dict(type='RandomResize', scale=(28, 18), ratio_range=(0.5, 2.0), keep_ratio=True),
        dict(type='RandomCrop', crop_size=(8, 9)),
        dict(type='RandomFlip', prob=0.5, direction=['horizontal', 'vertical']),
    ]
    classes = [f'class{i}' for i in range(count)]
    for name in cells.names:
        for i, cls in enumerate(classes):
            path = cells.annotation(cls, name)
            path.parent.mkdir(exist_ok=True)
            mask = cv2.imread(str(cells.annotation('cell', name)), 0)
            cv2.imwrite(str(path), np.roll(mask > 0, i, axis=1).astype(np.uint8))
    together = SeededDataset(cells.cfg(geometry, classes))
    for k, cls in enumerate(classes):
        cfg = cells.cfg(geometry, [cls])
        cfg['type'] = 'BaseSegDataset'
        cfg['data_prefix']['seg_map_path'] = f'annotations/{cls}'
        cfg['seg_map_suffix'] = '.png'
        cfg['metainfo'] = dict(classes=('absent', 'present'))
        cfg['pipeline'][1] = dict(type='LoadAnnotations')
        alone = SeededDataset(cfg)
        for dataset in (together, alone):
            dataset.set_epoch(0, 0)
        for i in range(len(cells.names)):
            label = together[i]['data_samples'].gt_sem_seg.data
            assert label.shape[0] == count
            assert torch.equal(label[k], alone[i]['data_samples'].gt_sem_seg.data[0])


def test_unlabeled_images_of_a_multi_label_data_set(cells):
    cfg = cells.cfg()
    del cfg['type'], cfg['data_prefix']['seg_map_path'], cfg['pipeline']
    dataset = MultiLabelDataset(**cfg)
    assert len(dataset) == 4 and 'seg_map_path' not in dataset.get_data_info(0)


@pytest.mark.parametrize('values', [(0, 1), (0, 255), (0, 1, 7, 255)])
def test_binary_annotations(tmp_path, values):
    """Zero is background, whatever else foreground; 255 is not "ignored"."""
    mask = np.random.default_rng(0).choice(np.uint8(values), (7, 9))
    assert cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    results = dict(seg_map_path=str(tmp_path / 'mask.png'), seg_fields=[])
    found = TRANSFORMS.build(dict(type='LoadBinaryAnnotations')).transform(results)
    np.testing.assert_array_equal(found['gt_seg_map'], mask != 0)
    assert found['seg_fields'] == ['gt_seg_map'] and found['gt_seg_map'].dtype == np.uint8


def test_hidden_annotations_of_overlapping_classes_follow_the_geometry(cells):
    cfg = cells.cfg(geometry=(dict(type='RandomFlip', prob=1.0),))
    cfg['data_prefix'] = dict(img_path='images')
    hidden = dict(
        type='LoadHiddenAnnotations', img_dir=str(cells.root / 'images'),
        seg_map_dir=str(cells.root / 'annotations'), classes=cells.classes,
    )  # fmt: skip
    cfg['pipeline'][1] = hidden
    dataset = DATASETS.build(cfg)
    for i, name in enumerate(cells.names):
        sample = dataset[i]['data_samples']
        np.testing.assert_array_equal(sample.hidden_sem_seg.data, cells.present(name)[..., ::-1])
        assert 'gt_sem_seg' not in sample


def test_hidden_binary_annotations(cells):
    cfg = cells.cfg()
    cfg['data_prefix'] = dict(img_path='images')
    cfg['pipeline'][1] = dict(
        type='LoadHiddenAnnotations', img_dir=str(cells.root / 'images'),
        seg_map_dir=str(cells.root / 'annotations' / 'cell'), binary=True,
    )  # fmt: skip
    sample = DATASETS.build(cfg)[0]['data_samples']
    np.testing.assert_array_equal(sample.hidden_sem_seg.data, cells.present('a', ('cell',)))
