# SPDX-License-Identifier: Apache-2.0
"""Both sides of the benchmarks of mask and pseudo-labels find the same."""

import argparse

import cv2
import numpy as np
import torch
from benchmarks.mask import measure_side
from benchmarks.one_by_one import label_one_by_one
from mmengine import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from tests.conftest import tiny_model


def test_mask_of_both_sides():
    args = argparse.Namespace(batch_size=2, classes=5, size=(48, 64), repeats=1)
    found = [measure_side(args, k, side) for k in (2, 3) for side in ('ours', 'numpy')]
    assert found[0]['fingerprint'] == found[1]['fingerprint']
    assert found[2]['fingerprint'] == found[3]['fingerprint'] != found[0]['fingerprint']
    assert all(0 < one['low'] <= one['median'] <= one['high'] for one in found)


def test_labels_one_by_one_are_the_ensembles(tmp_path):
    """On images of one size, without padding: PNG for PNG."""
    init_default_scope('mmseg')
    model = tiny_model()
    model['data_preprocessor']['test_cfg'] = dict(size_divisor=2)
    members = []
    for i in range(2):
        torch.manual_seed(i)
        network = MODELS.build(model)
        torch.nn.init.normal_(network.decode_head.conv_seg.weight)
        torch.save(dict(state_dict=network.state_dict()), tmp_path / f'{i}.pth')
        members.append(dict(checkpoint=str(tmp_path / f'{i}.pth'), config=model))
    (tmp_path / 'images').mkdir()
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (24, 32, 3), dtype=np.uint8) for _ in range(2)]
    for i, image in enumerate(images):
        cv2.imwrite(str(tmp_path / 'images' / f'{i}.png'), image)
    assert label_one_by_one(Config(dict(model=model)), str(tmp_path), 2) > 0
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members))
    for i, image in enumerate(images):
        sample = SegDataSample(metainfo=dict(ori_shape=(24, 32), img_shape=(24, 32)))
        sample.gt_sem_seg = PixelData(data=torch.zeros(1, 24, 32))
        data = dict(inputs=[torch.from_numpy(image).permute(2, 0, 1)], data_samples=[sample])
        (found,) = ensemble.test_step(data)
        mask = found.inconsistent.data[0].numpy()
        label = np.where(mask, 255, found.pred_sem_seg.data[0].numpy())
        folder = tmp_path / 'one_by_one'
        np.testing.assert_array_equal(cv2.imread(str(folder / f'masks/{i}.png'), 0) > 0, mask)
        np.testing.assert_array_equal(cv2.imread(str(folder / f'labels/{i}.png'), 0), label)
        assert 0 < mask.mean() < 1
