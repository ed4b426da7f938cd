# SPDX-License-Identifier: Apache-2.0
"""Options of a generational run, and what they change."""

import copy
from pathlib import Path

import torch

from mmseg_im.datasets.pseudo_label_files import INDEX
from mmseg_im.generations.configs import student_config
from mmseg_im.generations.ranking import best_students, what_to_use
from mmseg_im.generations.settings import read_settings
from tests.generations.conftest import make_generations_cfg, run, weights


def test_labels_can_be_dropped(generations_cfg):
    generations_cfg.generations.keep_labels = False
    run(generations_cfg)
    labels = Path(generations_cfg.work_dir) / 'generation_0' / 'labels'
    assert (labels / INDEX).is_file() and not (labels / 'labels').exists()
    examples = Path(generations_cfg.work_dir) / 'examples' / 'generation_0' / 'labels'
    assert list(examples.iterdir())


def test_the_network_to_use_is_the_best_of_all_generations():
    stages = {
        f'generation_{g}/student_0': dict(checkpoint='best.pth', val=dict(mIoU=value))
        for g, value in enumerate([30.0, 50.0, float('nan')])
    }
    said = what_to_use(stages, 'mIoU', 'work')
    assert '(mIoU 50.00): work/generation_1/student_0/best.pth.' in said
    assert what_to_use({}, 'mIoU', 'work') == 'No network was trained.'


def test_warm_start(generations_cfg):
    generations_cfg.generations.warm_start = True
    generations_cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.0)
    stages = run(generations_cfg)
    work = Path(generations_cfg.work_dir)
    best = best_students(stages, 'mIoU')[0]
    teacher = weights(work / f'generation_0/student_{best}/best.pth')
    for i in (0, 1):
        student = weights(work / f'generation_1/student_{i}/best.pth')
        assert all(
            torch.equal(student[key], teacher[key]) for key in teacher if key.endswith('weight')
        )


def test_a_config_file_as_student_keeps_the_processes(generations_cfg, tmp_path):
    file = tmp_path / 'student.py'
    generations_cfg.dump(str(file))
    generations_cfg.generations.student = str(file)
    generations_cfg.launcher = 'pytorch'
    generations_cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None)
    cfg = student_config(generations_cfg, read_settings(generations_cfg), 1, 'somewhere')
    assert cfg.launcher == 'pytorch' and cfg.model_wrapper_cfg.device_ids is None
    assert cfg.train_dataloader.dataset.labels == 'somewhere' and 'generations' not in cfg


def test_noise_and_width_grow(mini_shapes, tmp_path):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus')
    settings = read_settings(cfg)
    first, second = (student_config(cfg, settings, g, labels='somewhere') for g in (1, 2))
    noises = [
        next(
            t['noise'] for t in c.train_dataloader.dataset.unlabeled.pipeline
            if t['type'] == 'NoisyStudentDistortion'
        )
        for c in (first, second)
    ]  # fmt: skip
    assert noises == [5, 10]
    assert [c.model.backbone.base_channels for c in (first, second)] == [16, 20]
    pipeline = [t['type'] for t in second.train_dataloader.dataset.unlabeled.pipeline]
    assert pipeline.index('NoisyStudentDistortion') < pipeline.index('FilterInconsistentPixels')


def test_mask_options_reach_the_student(generations_cfg):
    generations_cfg.generations.im = dict(
        type='InconsistencyMask', erode=3, dilate=5, masked_label='background', fill='mean',
        max_ratio=0.5,
    )  # fmt: skip
    cfg = student_config(generations_cfg, read_settings(generations_cfg), 1, 'somewhere')
    data = cfg.train_dataloader.dataset
    pipeline = {t['type']: t for t in data.unlabeled.pipeline}
    assert (data.labels, data.max_ratio) == ('somewhere', 0.5)
    assert pipeline['LoadInconsistencyMask'] == dict(
        type='LoadInconsistencyMask', erode=3, dilate=5
    )
    assert pipeline['FilterInconsistentPixels']['masked_label'] == 'background'
    assert pipeline['FilterInconsistentPixels']['fill'] == [120.0, 110.0, 100.0]


def test_a_semi_supervised_student(mini_shapes, generations_cfg):
    """FixMatch on top of pseudo-labels: "method + IM"."""
    from mmengine import Config

    from tests.conftest import ROOT

    views = Config.fromfile(ROOT / 'configs/_base_/datasets/weak_strong_views.py').views
    pseudo = copy.deepcopy(generations_cfg.train_dataloader.dataset)
    unlabeled = copy.deepcopy(pseudo.unlabeled)
    geometry = dict(type='RandomCrop', crop_size=(32, 32))
    unlabeled.pipeline = [
        dict(type='LoadImageFromFile'), dict(type='LoadEmptyAnnotations'), geometry,
        dict(type='MultiView', views=views),
    ]  # fmt: skip
    generations_cfg.generations.student = dict(
        model=dict(semi=dict(type='FixMatch', teachers=[dict(type='EMATeacher')], threshold=0.0)),
        train_dataloader=dict(
            dataset=dict(_delete_=True, type='SemiDataset', labeled=pseudo, unlabeled=unlabeled)
        ),
    )
    generations_cfg.model.pop('semi')
    stages = run(generations_cfg)
    assert 'generation_1/test' in stages
    state = weights(Path(generations_cfg.work_dir) / 'generation_1/student_0/best.pth')
    assert any(key.startswith('semi.teachers.0') for key in state)
