# SPDX-License-Identifier: Apache-2.0
"""Every config parses, builds and makes one step when it is shrunk."""

import inspect
import shlex
from argparse import ArgumentParser
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine import Config
from mmengine.config import DictAction
from mmengine.runner import Runner
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from mmseg_im.generations.plan_checks import check_plan
from mmseg_im.generations.settings import Generations, read_settings
from tests.conftest import ROOT, dicts, rename, retarget, shrink

CONFIGS = sorted(
    p.relative_to(ROOT / 'configs')
    for p in (ROOT / 'configs').rglob('*.py')
    if '_base_' not in p.parts and not p.stem.startswith('write_')  # test_generation_tools.py
)

LARGER = {'_r101-': '_r50-', '_dinov2-b-': '_dinov2-s-'}
TWINS = {  # configs of a larger network and those of the smaller one
    p: p.with_name(p.name.replace(large, small))
    for large, small in LARGER.items()
    for p in CONFIGS
    if large in p.name
}

# by name, as parsing all of them would hold up every start of pytest; load() compares
GENERATIONAL = [p for p in CONFIGS if p.parts[0] == 'generational' or '_generations_' in p.stem]
# generation 0 of a folder is the same training, so that a few of its configs make a step
STEPS = [
    p
    for p in CONFIGS
    if (p not in GENERATIONAL and p not in TWINS)
    or p.stem.split('_')[0] in ('im', 'aim-plus', 'consistency')
    or p.stem.startswith('im-unimatch')
]


def test_there_are_configs():
    assert len(CONFIGS) >= 8 and len(GENERATIONAL) >= 48


@pytest.fixture
def load(
    mini_camvid,
    mini_shapes,
    mini_own,
    mini_wbc,
    mini_cityscapes,
    mini_voc,
    mini_ade20k,
    mini_study,
    tmp_path,
):
    """Loads a config in miniature."""

    def load(path: Path) -> Config:
        cfg = Config.fromfile(ROOT / 'configs' / path)
        assert 'mmseg_im' in cfg.custom_imports.imports
        assert ('generations' in cfg) == (path in GENERATIONAL)
        shrink(cfg)
        miniature = {
            'data/shapes': mini_shapes,
            'data/camvid': dict(data_root=mini_camvid),
            'data/mine': dict(data_root=mini_own),
            'data/wbc': dict(data_root=mini_wbc),
            'data/cityscapes': dict(data_root=mini_cityscapes),
            'data/VOCdevkit/VOC2012': dict(data_root=mini_voc),
            'data/ade/ADEChallengeData2016': dict(data_root=mini_ade20k),
            **{f'data/{name}': dict(data_root=root) for name, root in mini_study.items()},
        }
        retarget(cfg, miniature[cfg.data_root])
        if cfg.get('generations', {}).get('evalnet'):
            cfg.generations.evalnet.num_folds = 2  # of two labeled images
        return cfg

    return load


@pytest.mark.parametrize('path', GENERATIONAL, ids=str)
def test_every_generation_builds(path, load):
    """Networks, data sets and pipelines of all generations, as a run checks them first."""
    cfg = load(path)
    settings = read_settings(cfg)
    check_plan(cfg, settings)
    binary = cfg.model.get('label_space') == 'binary'
    classes = cfg.val_dataloader.dataset.get('metainfo', {}).get('classes')
    classes = classes or DATASETS.get(cfg.val_dataloader.dataset.type).METAINFO['classes']
    assert settings.metric == (f'IoU/{classes[1]}' if binary else 'mIoU')
    assert cfg.default_hooks.best.metric == settings.metric
    method = path.stem.split('_')[0]
    assert (method.removeprefix('a').split('-')[0] == 'im') == (settings.im is not None)
    assert ('plus-plus' in method or method == 'evalnet') == (settings.evalnet is not None)


def rows_of_the_family():
    """Config and options of each row of the table in docs/generations.md."""
    page = (ROOT / 'docs/generations.md').read_text(encoding='utf-8')
    for line in page.partition('## The family')[2].partition('\n## ')[0].splitlines():
        if line.startswith('| `'):
            names, options, meaning = (cell.strip() for cell in line.strip('|').split('|'))
            for name in names.replace('`', '').split(', '):
                yield pytest.param(name, options.strip('`'), id=f'{name}-{meaning[:20]}')


@pytest.mark.parametrize(('name', 'options'), rows_of_the_family())
def test_a_row_of_the_family_is_a_config_with_options(name, options, load):
    cfg = load(Path(f'generational/{name}_unet-half_1xb8-5e_shapes-64x64.py'))
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction)
    changes = parser.parse_args(['--cfg-options', *shlex.split(options)]).cfg_options
    for key in changes:
        assert key.rpartition('.')[2] in (*inspect.signature(Generations).parameters, 'ann_file')
    cfg.merge_from_dict(changes)
    settings = read_settings(cfg)
    check_plan(cfg, settings)
    if options:
        assert settings.im is None


@pytest.mark.parametrize('path', STEPS, ids=str)
def test_config_makes_a_step(path, load, tmp_path):
    cfg = load(path)
    cfg.work_dir = str(tmp_path)
    rename(cfg, tmp_path.name)
    teachers = (cfg.model.get('semi') or {}).get('teachers', [])
    frozen = [t for t in teachers if t['type'] == 'FrozenTeacher']
    if frozen:
        student = MODELS.build(dict(cfg.model, semi=None))
        torch.save(student.state_dict(), tmp_path / 'teacher.pth')
        for teacher in frozen:
            teacher['checkpoint'] = str(tmp_path / 'teacher.pth')
    cfg.train_cfg.max_epochs = 1
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None  # test_loops.py validates
    cfg.default_hooks.checkpoint = None
    runner = Runner.from_cfg(cfg)
    first = {k: v.clone() for k, v in runner.model.named_parameters()}
    runner.train()
    assert runner.iter >= 1
    assert all(torch.isfinite(p).all() for p in runner.model.parameters())
    changed = [k for k, p in runner.model.named_parameters() if not torch.equal(p, first[k])]
    assert any(k.startswith('backbone') for k in changed)
    assert any(k.startswith('decode_head') for k in changed)


@pytest.mark.parametrize('path', TWINS, ids=str)
def test_a_larger_network_trains_as_the_smaller_one(path, load):
    """In miniature the two are the same, so that the step of the smaller one is that of both."""
    cfg, smaller = load(path), load(TWINS[path])
    assert MODELS.build(cfg.model)
    for c in (cfg, smaller):
        for node in dicts(c._cfg_dict):
            if node.get('type') == 'ResNetV1c':
                assert node.pop('depth') in (50, 101)
    assert cfg.to_dict() == smaller.to_dict()


def test_only_own_bases_are_inherited():
    """``mmseg::`` inheritance fails on current installs of both stacks."""
    for path in (ROOT / 'configs').rglob('*.py'):
        assert '::' not in Path(path).read_text(), path


MASKED = [
    p
    for p in CONFIGS
    if '-im' in p.stem.split('_')[0] and p.parts[0] not in ('demo', 'generational')
]


@pytest.mark.parametrize('path', MASKED, ids=str)
def test_the_mask_is_a_few_lines_on_its_sibling(path):
    """Whoever compares the two changes nothing but voters and mask, and what the mask replaces."""
    text = (ROOT / 'configs' / path).read_text()
    assert sum(not line.startswith('#') for line in text.splitlines()) < 15
    cfg = Config.fromfile(ROOT / 'configs' / path)
    sibling = Config.fromfile(ROOT / 'configs' / path.with_name(sibling_of(path.name)))
    for c in (cfg, sibling):
        semi = c.model.pop('semi')
        semi.pop('im', None), semi.pop('teachers', None), semi.pop('type')
        if path.stem.split('_')[1] == 'lite0-fpn':
            semi.pop('threshold', None)
        c.pop('custom_hooks')
    assert cfg.to_dict() == sibling.to_dict()


def sibling_of(name: str) -> str:
    method, rest = name.split('_', 1)
    return f'{method.removesuffix("-frozen").removesuffix("-im")}_{rest}'


def test_networks_beside_the_student_are_validated_as_the_student_is(load):
    """A sliding window for both: else their mIoU differ in kind, and DINOv2 refuses the image."""
    seniors = [load(p) for p in CONFIGS if p.parent.name == 'segkc']
    assert len(seniors) > 10
    for cfg in seniors:
        assert cfg.model.semi.senior.test_cfg == cfg.model.test_cfg, cfg.filename


def test_every_method_has_its_networks_and_data():
    """ResNet-50 for all methods on Cityscapes and VOC, DINOv2 for those that had it, each + IM."""
    names = {p.stem for p in CONFIGS}
    r50 = ('mean-teacher', 'fixmatch', 'unimatch', 'unimatch-v2', 'u2pl', 'imas', 'augseg', 'segkc')
    vit = ('fixmatch', 'unimatch', 'unimatch-v2', 'segkc')
    for method in r50:
        for im in ('', '-im'):
            for data in ('cityscapes', 'voc'):
                found = [n for n in names if n.startswith(f'{method}{im}_r50-d') and data in n]
                assert found, (method, im, data)
                for size in ('s', 'b') if method in vit else ():
                    assert any(
                        n.startswith(f'{method}{im}_dinov2-{size}-dpt') and data in n for n in names
                    )
    for size in ('s', 'b'):
        assert f'unimatch-v2_dinov2-{size}-dpt_4xb2-60e_ade20k-518x518' in names


LABELED_BY_TEACHERS = [
    p for p in GENERATIONAL if p.stem.split('_')[0].startswith('im') and 'plus' not in p.stem
]


@pytest.mark.parametrize('path', LABELED_BY_TEACHERS, ids=str)
def test_small_images_pass_the_pipeline_of_pseudo_labels(path, load, tmp_path):
    """At the least scale of the config an image is smaller than its crop, and so is its mask."""
    cfg = load(path)
    (plan,) = (n for n in dicts(cfg.train_dataloader) if n.get('type') == 'PseudoLabeledDataset')
    multi = any(n.get('type') == 'LoadMultiLabelAnnotations' for n in dicts(plan))
    pipeline = plan['unlabeled']['pipeline']
    for node in dicts(pipeline):
        if node.get('type') == 'RandomResize':
            node['ratio_range'] = (0.5, 0.5)
    for name, array in (('image', np.zeros((40, 60, 3))), ('map', np.zeros((40, 60)))):
        cv2.imwrite(str(tmp_path / f'{name}.png'), array)
    file = str(tmp_path / 'map.png')
    files = dict(a=file, b=file) if multi else file
    results = dict(
        img_path=str(tmp_path / 'image.png'), seg_map_path=files, inconsistency_path=files,
        seg_fields=[], reduce_zero_label=False, label_map=None,
    )  # fmt: skip
    packed = Compose([TRANSFORMS.build(t) for t in pipeline])(results)
    assert packed['inputs'].shape[1:] == packed['data_samples'].gt_sem_seg.data.shape[1:]
