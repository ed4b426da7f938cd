# SPDX-License-Identifier: Apache-2.0
"""The command-line tools around generations, as a user calls them."""

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.registry import RUNNERS
from mmseg.registry import MODELS

from mmseg_im.datasets.pseudo_label_files import INDEX
from tests.conftest import ROOT, make_demo_cfg, retarget, shrink, tiny_model
from tests.generations.conftest import make_generations_cfg
from tests.tool_runs import run_tool


@pytest.fixture
def run(tmp_path):
    """Runs a tool: ``run('test.py', *args)``."""
    return functools.partial(run_tool, log=tmp_path / 'log')


@pytest.fixture
def networks(mini_shapes, tmp_path) -> tuple[Path, list[Path]]:
    """A config on tiny shapes, and two networks that agree in part."""
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work')
    cfg.model.pop('semi')
    config = tmp_path / 'config.py'
    cfg.dump(str(config))
    torch.manual_seed(0)
    network = MODELS.build(cfg.model)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    paths = []
    for i in range(2):
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        paths.append(tmp_path / f'{i}.pth')
        torch.save(dict(state_dict=network.state_dict()), paths[-1])
    return config, paths


def test_analysis(run, networks, tmp_path):
    config, paths = networks
    plot = tmp_path / 'plots' / 'plot.svg'
    found = run('analyze_inconsistency.py', config, *paths, '--out', plot, '--dilate', 0, 5)
    assert found.status == 0, found.output
    last = found.output.strip().splitlines()[-1]
    assert last.startswith("im=dict(type='InconsistencyMask'")
    assert eval(last.removeprefix('im='))['type'] == 'InconsistencyMask'
    for name in ('background', 'disc', 'square', 'triangle', 'coverage', 'confidence'):
        assert name in found.output
    assert plot.read_text().lstrip().startswith('<?xml') and 'coverage' in plot.read_text()


@pytest.mark.parametrize(
    ('number', 'options', 'match'),
    [
        (1, (), '--views identity hflip scale0.75 gives one network three votes'),
        (2, ('--configs', 'only_one.py'), '--configs names 1 file for 2 checkpoints'),
        (2, ('--dataloader', 'other_dataloader'), 'has no other_dataloader'),
    ],
)
def test_analysis_of_nothing(run, networks, number, options, match):
    config, paths = networks
    found = run('analyze_inconsistency.py', config, *paths[:number], *options)
    assert found.status > 0 and match in found.output
    assert 'Traceback' not in found.output


def test_writing_pseudo_labels_is_tools_test(run, networks, mini_shapes, tmp_path):
    """The ready config, in miniature: no checkpoint on the command line, no training part."""
    _, paths = networks
    cfg = Config.fromfile(ROOT / 'configs/generational/write_pseudo_labels_camvid.py')
    shapes = Config.fromfile(ROOT / 'configs/_base_/datasets/generational_shapes.py')
    cfg.test_dataloader = shapes.unlabeled_dataloader
    cfg.data_root = shapes.data_root
    shrink(cfg)
    retarget(cfg, mini_shapes)
    model = dict(tiny_model(num_classes=4), label_space='multiclass')
    model.pop('semi')
    cfg.model.members = [dict(checkpoint=str(path), config=model) for path in paths]
    images = Path(mini_shapes['data_root']) / 'images' / 'train'
    cfg.test_evaluator[0].update(out_dir=str(tmp_path / 'labels'), img_dir=str(images))
    cfg.work_dir = str(tmp_path / 'work')
    config = tmp_path / 'write.py'
    cfg.dump(str(config))
    found = run('test.py', config)
    assert found.status == 0, found.output
    assert len(list((tmp_path / 'labels' / 'masks').glob('*.png'))) == 8
    assert (tmp_path / 'labels' / INDEX).is_file()
    assert 'pseudo/accuracy_outside' in found.output


def test_a_network_without_its_checkpoint(run, networks):
    config, _ = networks
    found = run('test.py', config)
    assert found.status > 0 and 'name its checkpoint' in found.output


def test_report(run, mini_shapes, tmp_path):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work')
    cfg.generations.num_generations = 0
    cfg.generations.im = None
    RUNNERS.build(cfg).train()
    page = tmp_path / 'work' / 'report.html'
    page.unlink()
    found = run('report.py', tmp_path / 'work')
    assert found.status == 0, found.output
    assert 'students: val mIoU' in found.output
    assert found.output.strip().endswith('report.html') and page.is_file()
    found = run('report.py', tmp_path)
    assert found.status > 0 and 'is not the work_dir of a run' in found.output


def test_class_weights(run, mini_shapes, tmp_path):
    """Against the formula of median frequency balancing in plain NumPy."""
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work')
    config = tmp_path / 'config.py'
    cfg.dump(str(config))
    found = run('class_weights.py', config, '--power', 0.5)
    assert found.status == 0, found.output
    line = found.output.strip().splitlines()[-1].removeprefix('loss_decode=')
    root = Path(mini_shapes['data_root'])
    names = (root / 'splits/labeled.txt').read_text().split()
    labels = [cv2.imread(str(root / f'annotations/train/{name}.png'), -1) for name in names]
    frequency = []
    for cls in range(4):
        there = [label for label in labels if (label == cls).any()]
        pixels = sum((label == cls).sum() for label in there)
        frequency.append(pixels / sum(label.size for label in there))
    expected = np.sqrt(np.median(frequency) / frequency)
    np.testing.assert_allclose(eval(line)[0]['class_weight'], expected, atol=0.005)


@pytest.mark.parametrize('base', [True, False])
def test_class_weights_can_be_pasted(base, run, mini_shapes, tmp_path):
    """Into a config with a base and into one without, which counts the list of its split."""
    cfg = make_demo_cfg(mini_shapes, tmp_path)
    root = Path(mini_shapes['data_root'])
    split = tmp_path / 'split'
    split.mkdir()
    first = (root / 'splits/labeled.txt').read_text().split()[0]
    (split / 'labeled.txt').write_text(first + '\n')
    cfg.train_dataloader.dataset.split = str(split)
    cfg.dump(str(tmp_path / 'config.py'))
    output = run('class_weights.py', tmp_path / 'config.py').output
    assert '1 labeled image\n' in output
    line = output.strip().splitlines()[-1]
    if base:
        text = f"_base_ = './config.py'\nmodel = dict(decode_head=dict({line}))\n"
    else:
        cfg.model.decode_head.update(eval(f'dict({line})'))
        text = cfg.pretty_text
    (tmp_path / 'pasted.py').write_text(text)
    model = Config.fromfile(tmp_path / 'pasted.py').model
    head = MODELS.build(dict(model, semi=None)).decode_head
    (loss,) = head.loss_decode
    assert type(loss).__name__ == 'WeightedCrossEntropyLoss' and len(loss.class_weight) == 4


def test_class_weights_of_overlapping_classes(run, mini_wbc, tmp_path):
    """Absent over present pixels of the labeled images, one number for each class."""
    cfg = Config.fromfile(ROOT / 'configs/generational/im_unet-half_1xb8-5e_wbc-1_10-96x96.py')
    retarget(cfg, dict(data_root=mini_wbc))
    cfg.dump(str(tmp_path / 'config.py'))
    found = run('class_weights.py', tmp_path / 'config.py').output
    weights = []
    for name in ('cell', 'nucleus'):
        maps = [cv2.imread(f'{mini_wbc}/annotations/train/{name}/{i}.png', 0) > 0 for i in range(2)]
        present = sum(m.sum() for m in maps)
        weights.append((sum(m.size for m in maps) - present) / present)
    assert f'use_sigmoid=True, class_weight=[{weights[0]:.2f}, {weights[1]:.2f}]' in found
