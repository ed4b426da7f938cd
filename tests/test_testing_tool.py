# SPDX-License-Identifier: Apache-2.0
"""tools/test.py in every label space: augmentation, files, pictures."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmseg.registry import MODELS

from tests.conftest import ROOT, retarget, shrink


@pytest.mark.parametrize('task', ['multiclass', 'binary', 'multilabel'])
def test_augmented_test_writes_all_files_and_pictures(task, mini_camvid, mini_wbc, tmp_path):
    """Without a tta_pipeline, with a list of metrics, and with two images of one name."""
    path = dict(multiclass='camvid', binary='wbc_binary', multilabel='wbc_multilabel')[task]
    cfg = Config.fromfile(ROOT / 'configs' / 'generational' / path / 'im.py')
    shrink(cfg)
    shutil.copytree(mini_camvid if task == 'multiclass' else mini_wbc, tmp_path / 'data')
    retarget(cfg, dict(data_root=str(tmp_path / 'data')))
    suffix = '.jpg' if task == 'multiclass' else '.png'
    for file in [p for p in (tmp_path / 'data').rglob('0.*') if 'test' in p.parts]:
        again = file.parent / 'again'
        again.mkdir()
        shutil.copy(file, again / file.name)
    cfg.test_dataloader.batch_size = 1  # images of several sizes
    cfg.test_evaluator = [cfg.test_evaluator, dict(type='PerImageIoUMetric')]
    cfg.pop('generations'), cfg.pop('runner_type')
    cfg.dump(str(tmp_path / 'config.py'))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'net.pth')
    found = subprocess.run(
        [sys.executable, str(ROOT / 'tools/test.py'), 'config.py', 'net.pth', '--tta',
         '--out', 'out', '--show-dir', 'shown', '--work-dir', 'work'],
        cwd=tmp_path, env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert 'mIoU' in found.stdout and 'per_image_mIoU' in found.stdout
    names = {'0.png', '1.png', 'again/0.png'}
    folders = ['cell', 'nucleus'] if task == 'multilabel' else ['.']
    for folder in folders:
        out = tmp_path / 'out' / folder
        written = {p.relative_to(out).as_posix() for p in out.rglob('*.png')}
        assert written == names
        values = set(np.unique(cv2.imread(str(out / '0.png'), 0)))
        assert values <= ({0, 255} if task == 'multilabel' else set(range(11)))
        size = cv2.imread(str(next((tmp_path / 'data/images/test').glob(f'0{suffix}')))).shape[:2]
        assert cv2.imread(str(out / '0.png'), 0).shape == size
    assert len(list((tmp_path / 'shown').rglob('*.png'))) == 3


def test_the_mirror_image_comes_before_the_annotations():
    """Predictions are flipped back, annotations never."""
    namespace: dict = {}
    source = Path(ROOT / 'tools/test.py').read_text()
    start, end = source.index('def flipped'), source.index('def main')
    exec(source[start:end], namespace)
    load, resize, label, pack = (
        dict(type=t) for t in ('Load', 'Resize', 'LoadAnnotations', 'Pack')
    )
    first, tta = namespace['flipped']([load, resize, label, pack])
    assert first == load
    kinds = [[step['type'] for step in group] for group in tta['transforms']]
    assert kinds == [['Resize'], ['RandomFlip', 'RandomFlip'], ['LoadAnnotations'], ['Pack']]
