# SPDX-License-Identifier: Apache-2.0
"""Training on real road images."""

import numpy as np
import torch
from mmengine import Config
from mmengine.runner import Runner
from mmseg.registry import DATASETS

from tests.conftest import ROOT, rename, retarget

CONFIG = ROOT / 'configs/fixmatch/fixmatch-im_unet-small_1xb4-20e_camvid-1_8-240x180.py'


def load(camvid, tmp_path) -> Config:
    cfg = Config.fromfile(CONFIG)
    retarget(cfg, dict(data_root=camvid))
    cfg.work_dir = str(tmp_path)
    rename(cfg, tmp_path.name)
    return cfg


def test_split_and_samples(camvid, tmp_path):
    dataset = DATASETS.build(load(camvid, tmp_path).train_dataloader.dataset)
    assert (len(dataset.labeled), len(dataset)) == (46, 321)  # 367 training images
    samples = [dataset[i] for i in range(4)]
    for sample in samples:
        assert set(sample['inputs']) == {'sup', 'weak', 'strong'}
        labels = np.unique(sample['data_samples']['sup'].gt_sem_seg.data)
        assert len(labels) > 3 and set(labels) <= {*range(11), 255}
        assert not sample['data_samples']['weak'].gt_sem_seg.data.any()
        hidden = sample['data_samples']['weak'].hidden_sem_seg.data
        assert len(np.unique(hidden)) > 3


def test_two_steps_with_the_mask(camvid, tmp_path):
    cfg = load(camvid, tmp_path)
    unlabeled = cfg.train_dataloader.dataset.unlabeled
    unlabeled.indices = 4
    cfg.train_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
    cfg.model.semi.threshold = 0.0
    cfg.train_cfg.max_epochs = 1
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = None
    runner = Runner.from_cfg(cfg)
    runner.train()
    pseudo = runner.model.semi.last_pseudo
    assert runner.iter == 2 and pseudo.label.shape == (2, 1, 176, 240)
    share = (pseudo.inconsistent & pseudo.valid).sum() / pseudo.valid.sum()
    assert 0 < share < 1  # an untrained network never agrees everywhere with its mirror image
    assert (pseudo.label[pseudo.inconsistent] == 255).all()
    assert all(torch.isfinite(p).all() for p in runner.model.parameters())
