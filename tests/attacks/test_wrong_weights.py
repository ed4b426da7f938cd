# SPDX-License-Identifier: Apache-2.0
"""Weights of another network, through every tool that loads them: a sentence, and no result."""

import copy
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.registry import init_default_scope

from tests.checkpoints.wrong_weights import OTHER, WRONG, network, wrong_weights
from tests.conftest import make_demo_cfg, tiny_model
from tests.generations.conftest import make_generations_cfg
from tests.tool_runs import Ended, assert_refused, run_tool

KIND = 'weights of another network'
META = dict(dataset_meta=dict(classes=('background', 'disc', 'square', 'triangle')))


class Place:
    """Configs, bad files and images that all attacks share."""

    def __init__(self, folder: Path, mini_shapes: dict):
        init_default_scope('mmseg')
        self.folder = folder
        self.cfg = make_demo_cfg(mini_shapes, folder)
        semi = dict(
            self.cfg.model.semi, teachers=[dict(type='EMATeacher'), dict(type='EMATeacher')]
        )
        self.cfg.model = dict(tiny_model(), semi=semi)
        self.config = self.write('config', self.cfg)
        stock = copy.deepcopy(self.cfg)
        stock.model = dict(tiny_model(), type='EncoderDecoder')
        stock.model.data_preprocessor = dict(
            stock.model.data_preprocessor, type='SegDataPreProcessor'
        )
        stock.model.pop('semi')
        self.stock = self.write('stock', stock)
        for name, weights in dict(wrong_weights(), good=network().state_dict()).items():
            torch.save(dict(state_dict=weights, meta=META), self.file(name))
        (folder / 'images').mkdir()
        cv2.imwrite(str(folder / 'images' / 'a.png'), np.zeros((32, 32, 3), np.uint8))

    def file(self, name: str) -> Path:
        return self.folder / f'{name.replace(" ", "_")}.pth'

    def write(self, name: str, cfg: Config) -> Path:
        cfg.dump(str(self.folder / f'{name}.py'))
        return self.folder / f'{name}.py'

    def train(self, config: Path, tmp_path: Path, *options: str) -> Ended:
        work = tmp_path / 'work'
        ended = run_tool('train.py', config, '--work-dir', work, *options, log=tmp_path / 'log')
        assert not list(work.glob('*.pth'))
        return ended


@pytest.fixture(scope='module')
def place(mini_shapes, tmp_path_factory) -> Place:
    return Place(tmp_path_factory.mktemp('weights'), mini_shapes)


@pytest.mark.parametrize(
    ('name', 'stock'),
    [('another architecture', False), ('empty', True), ('five classes', True), ('NaN', True),
     ('prefixed', False), ('backbone alone', False)],
)  # fmt: skip
def test_predict_refuses_and_writes_nothing(place, tmp_path, attack, name, stock):
    out = tmp_path / 'out'
    ended = run_tool('predict.py', place.stock if stock else place.config, place.file(name),
                     place.folder / 'images', '--out', out, log=tmp_path / 'log')  # fmt: skip
    assert_refused(ended, str(place.file(name)), WRONG[name])
    assert not out.exists() and 'Predictions are in' not in ended.output
    attack(KIND)


def test_predict_takes_what_fits(place, tmp_path):
    out = tmp_path / 'out'
    ended = run_tool('predict.py', place.stock, place.file('good'), place.folder / 'images',
                     '--out', out, log=tmp_path / 'log')  # fmt: skip
    assert ended.status == 0 and (out / 'a.png').is_file(), ended.output[-3000:]


@pytest.mark.parametrize(
    ('name', 'options'), [('another architecture', ['--tta']), ('five classes', [])]
)
def test_test_refuses(place, tmp_path, attack, name, options):
    ended = run_tool('test.py', place.stock, place.file(name), '--work-dir', tmp_path, *options,
                     log=tmp_path / 'log')  # fmt: skip
    assert_refused(ended, str(place.file(name)), WRONG[name])
    assert 'Epoch(test)' not in ended.output
    attack(KIND)


@pytest.mark.parametrize(
    ('name', 'stock', 'remedy'),
    [
        ('wider', True, "init_cfg=dict(type='Pretrained', checkpoint=..., prefix='backbone.')"),
        ('prefixed', False, "set model.init_cfg=dict(type='Pretrained', checkpoint=..., prefix='s"),
    ],
)
def test_load_from_refuses(place, tmp_path, attack, name, stock, remedy):
    option = ['--cfg-options', f'load_from={place.file(name)}']
    ended = place.train(place.stock if stock else place.config, tmp_path, *option)
    assert_refused(ended, str(place.file(name)), WRONG[name], remedy)
    attack(KIND)


@pytest.mark.parametrize(
    ('part', 'name', 'sentence'),
    [
        ('backbone', 'good', "Its keys fit without the prefix 'backbone.': set prefix='backbone.'"),
        ('', 'backbone alone', 'Its keys fit backbone alone: move init_cfg'),
    ],
)
def test_init_cfg_refuses(place, tmp_path, attack, part, name, sentence):
    cfg = copy.deepcopy(place.cfg)
    init_cfg = dict(type='Pretrained', checkpoint=str(place.file(name)))
    (cfg.model[part] if part else cfg.model).init_cfg = init_cfg
    cfg.dump(str(tmp_path / 'init.py'))
    ended = place.train(tmp_path / 'init.py', tmp_path)
    assert_refused(ended, str(place.file(name)), sentence)
    attack(KIND)


def test_a_frozen_teacher_is_refused(place, tmp_path, attack):
    cfg = copy.deepcopy(place.cfg)
    cfg.model.semi.teachers[0] = dict(type='FrozenTeacher', checkpoint=str(place.file('wider')))
    cfg.dump(str(tmp_path / 'frozen.py'))
    ended = place.train(tmp_path / 'frozen.py', tmp_path)
    assert_refused(ended, f'model.semi.teachers[0].checkpoint: {place.file("wider")} {OTHER}')
    attack(KIND)


def test_an_ensemble_is_refused(place, tmp_path, attack):
    good, bad = place.file('good'), place.file('NaN')
    ended = run_tool('analyze_inconsistency.py', place.stock, good, bad,
                     '--out', tmp_path / 'plot.svg', log=tmp_path / 'log')  # fmt: skip
    assert_refused(ended, f'model.members[1].checkpoint: {bad}', WRONG['NaN'])
    assert not (tmp_path / 'plot.svg').exists()
    attack(KIND)


def test_first_teachers_of_generations_are_refused(place, mini_shapes, tmp_path, attack):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work')
    teacher = dict(checkpoint=str(place.file('wider')), config=str(place.config))
    cfg.generations.update(initial_teachers=[teacher, teacher], num_teachers=2)
    cfg.dump(str(tmp_path / 'generations.py'))
    ended = place.train(tmp_path / 'generations.py', tmp_path)
    assert_refused(ended, f'{place.file("wider")} {OTHER}')
    attack(KIND)


@pytest.mark.parametrize(
    ('name', 'sentence'), [('only a method', 'holds no student'), ('NaN', 'holds NaN or inf')]
)
def test_publishing_refuses(place, tmp_path, attack, name, sentence):
    ended = run_tool('publish_student.py', place.file(name), tmp_path / 'x.pth',
                     log=tmp_path / 'log')  # fmt: skip
    assert_refused(ended, str(place.file(name)), sentence)
    assert not list(tmp_path.glob('x.pth*'))
    attack(KIND)


def test_resume_refuses_other_shapes(place, tmp_path, attack):
    """A fused optimiser would take the moments of the old shapes and end by a signal."""
    path = tmp_path / 'epoch_1.pth'
    content = torch.load(place.file('wider'))
    content['meta'].update(epoch=1, iter=4)
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    torch.save(dict(content, message_hub=hub, optimizer={}), path)
    ended = place.train(place.stock, tmp_path, '--resume', '--cfg-options', f'load_from={path}')
    assert_refused(ended, f'{path} {OTHER}', 'name the file in load_from, without --resume')
    attack(KIND)
