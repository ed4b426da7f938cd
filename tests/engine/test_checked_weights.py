# SPDX-License-Identifier: Apache-2.0
"""Runners, ``init_cfg`` and ``init_model`` take weights that fit and refuse others."""

import copy

import pytest
import torch
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_checkpoint
from mmseg.apis import init_model
from mmseg.registry import MODELS

from mmseg_im.engine import CheckedWeightsHook
from mmseg_im.errors import UserError
from tests.checkpoints.wrong_weights import WRONG, network, wrong_weights
from tests.conftest import rename, tiny_model

SEMI = dict(type='FixMatch', teachers=[dict(type='EMATeacher')], threshold=0.0)


@pytest.fixture
def cfg(demo_cfg):
    """One epoch of the tiny network, semi-supervised, on tiny shapes of four classes."""
    demo_cfg.model = dict(tiny_model(SEMI))
    demo_cfg.train_cfg.max_epochs = 1
    demo_cfg.custom_hooks = []
    return demo_cfg


@pytest.fixture
def saved(tmp_path):
    """Writes a state dict to a file and returns its path."""

    def save(weights: dict, name: str = 'x') -> str:
        torch.save(dict(state_dict=weights, meta={}), tmp_path / f'{name}.pth')
        return str(tmp_path / f'{name}.pth')

    return save


def start(cfg) -> Runner:
    """A Runner that is about to train."""
    runner = Runner.from_cfg(cfg)
    assert runner.train_loop is not None  # builds it
    runner.load_or_resume()
    return runner


def trained(cfg, name: str) -> dict:
    cfg = copy.deepcopy(cfg)
    rename(cfg, f'{name}_{cfg.experiment_name}')
    cfg.work_dir += name
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner.model.state_dict()


def test_every_runner_has_the_hook(cfg):
    hooks = [type(hook) for hook in Runner.from_cfg(cfg).hooks]
    assert hooks.count(CheckedWeightsHook) == 1


def test_training_from_what_fits_is_mmengines_own(cfg, saved, monkeypatch):
    """The check changes no number: the same weights as without it, after an epoch."""
    cfg.load_from = saved({f'module.{k}': v for k, v in network().state_dict().items()})
    checked = trained(cfg, 'checked')
    monkeypatch.setattr(CheckedWeightsHook, 'after_load_checkpoint', lambda *args, **kwargs: None)
    plain = trained(cfg, 'plain')
    assert checked.keys() == plain.keys()
    assert all(torch.equal(checked[key], plain[key]) for key in plain)


def test_load_from_other_classes_trains(cfg, saved, capfd):
    """The layers of the classes and the EMA begin anew, and both are said; no other noise."""
    other = MODELS.build(tiny_model(SEMI, num_classes=7))
    other.semi.teachers[0].steps.fill_(9)
    cfg.load_from = saved(other.state_dict())
    capfd.readouterr()
    model = start(cfg).model
    output = ''.join(capfd.readouterr())
    assert (
        f'{cfg.load_from} has 7 classes and the network 4: the layers of the classes begin anew '
        '(decode_head.conv_seg), all else is taken from the file.' in output
    )
    assert 'the method in it does not fit model.semi and begins anew' in output
    assert 'size mismatch' not in output and 'missing keys' not in output
    state = model.state_dict()
    assert state['semi.teachers.0.steps'] == 0
    for key, value in other.state_dict().items():
        if not key.startswith('semi.') and 'conv_seg' not in key:
            assert torch.equal(state[key], value)
    after = trained(cfg, 'trained')
    assert after['semi.teachers.0.steps'] == 4
    assert all(torch.isfinite(value).all() for value in after.values())


def test_a_published_student_and_a_bare_state_dict_start_a_run(cfg, tmp_path, capfd):
    weights = network().state_dict()
    torch.save(weights, tmp_path / 'bare.pth')
    cfg.load_from = str(tmp_path / 'bare.pth')
    capfd.readouterr()
    model = start(cfg).model
    output = ''.join(capfd.readouterr())
    assert all(torch.equal(model.state_dict()[key], weights[key]) for key in weights)
    remarks = output.partition('Loads checkpoint')[2]
    assert 'WARNING' not in remarks and 'missing' not in remarks


def test_weights_without_a_run_are_not_resumed(cfg, saved):
    cfg.load_from, cfg.resume = saved(MODELS.build(cfg.model).state_dict()), True
    with pytest.raises(UserError, match='x.pth cannot be resumed: it has no '):
        start(cfg)


@pytest.mark.parametrize('name', WRONG)
def test_init_model_refuses_a_segmentor_of_ours(cfg, saved, name):
    cfg.model = tiny_model()
    path = saved(wrong_weights()[name])
    with pytest.raises(UserError, match='^The checkpoint |x.pth cannot be read .* no tensor'):
        init_model(cfg, path, device='cpu')


def test_init_model_takes_what_fits(cfg, saved):
    semi = MODELS.build(cfg.model).state_dict()
    cfg.model = tiny_model()
    model = init_model(cfg, saved(semi), device='cpu')
    assert all(torch.equal(model.state_dict()[key], semi[key]) for key in model.state_dict())


def test_torchs_own_loading_may_be_partial():
    """Code that asks for it, with strict=False, gets it."""
    model = network(num_classes=4)
    weights = {k: v for k, v in network().state_dict().items() if k.startswith('backbone')}
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert len(missing) == 7 and all(key.startswith('decode_head') for key in missing)
    with pytest.raises(RuntimeError, match='Missing key'):
        model.load_state_dict(weights)


RESNET = dict(type='ResNet', depth=18, base_channels=4, stem_channels=4)


@pytest.mark.parametrize('prefix', [None, 'backbone', 'backbone.'])
def test_init_cfg_takes_the_backbone(saved, prefix):
    """Of ImageNet weights with a classifier, or of a segmentor."""
    weights = MODELS.build(RESNET).state_dict()
    inside = dict(weights, **{'fc.weight': torch.ones(3, 2)})
    if prefix:
        inside = {f'backbone.{key}': value for key, value in weights.items()}
        inside['decode_head.conv_seg.bias'] = torch.ones(4)
    init_cfg = dict(type='Pretrained', checkpoint=saved(inside), prefix=prefix)
    model = MODELS.build(dict(RESNET, init_cfg=init_cfg))
    model.init_weights()
    assert all(torch.equal(model.state_dict()[key], weights[key]) for key in weights)


@pytest.mark.parametrize(
    ('prefix', 'sentence'),
    [
        ('neck', "init_cfg of ResNet: .*x.pth has no key that begins with prefix='neck'. Its keys"),
        (None, "init_cfg of ResNet: .*x.pth is of another arch.* set prefix='backbone.' in that"),
    ],
)
def test_init_cfg_with_the_wrong_prefix(saved, prefix, sentence):
    inside = {f'backbone.{key}': value for key, value in MODELS.build(RESNET).state_dict().items()}
    init_cfg = dict(type='Pretrained', checkpoint=saved(inside), prefix=prefix)
    with pytest.raises(UserError, match=sentence):
        MODELS.build(dict(RESNET, init_cfg=init_cfg)).init_weights()


@pytest.mark.parametrize('kind', ['segmentor', 'head'])
def test_init_cfg_of_a_segmentor_and_of_a_head(saved, kind):
    weights, semi = network().state_dict(), SEMI if kind == 'segmentor' else None
    path = saved({f'student.{key}': value for key, value in weights.items()})
    cfg = tiny_model(semi)
    prefix = 'student' if kind == 'segmentor' else 'student.decode_head'
    (cfg if semi else cfg['decode_head'])['init_cfg'] = dict(
        type='Pretrained', checkpoint=path, prefix=prefix
    )
    model = MODELS.build(cfg)
    model.init_weights()
    keys = [key for key in weights if semi or key.startswith('decode_head.')]
    assert keys and all(torch.equal(model.state_dict()[key], weights[key]) for key in keys)


def test_a_backbone_that_reads_its_file_itself_is_watched(cfg, saved):
    """PIDNet loads with strict=False whatever it is given."""
    pidnet = dict(type='PIDNet', channels=4, ppm_channels=4, num_stem_blocks=1, num_branch_blocks=1)
    path = saved(MODELS.build(RESNET).state_dict())
    cfg.model = tiny_model()
    cfg.model['backbone'] = dict(pidnet, init_cfg=dict(type='Pretrained', checkpoint=path))
    runner = Runner.from_cfg(cfg)
    runner.call_hook('before_run')
    with pytest.raises(UserError, match=f'init_cfg of PIDNet: {path} holds no weights'):
        runner.model.backbone.init_weights()
    torch.save(MODELS.build(RESNET).state_dict(), path)
    with pytest.raises(UserError, match=f'init_cfg of PIDNet: {path} is of another architecture'):
        runner.model.backbone.init_weights()
    weights = MODELS.build(pidnet).state_dict()
    torch.save(weights, path)
    runner.model.backbone.init_weights()
    assert all(
        torch.equal(runner.model.backbone.state_dict()[key], weights[key]) for key in weights
    )


def test_a_ddp_prefix_is_no_other_architecture(saved):
    model = network()
    weights = {f'module.{key}': value + 1 for key, value in model.state_dict().items()}
    load_checkpoint(model, saved(weights), map_location='cpu')
    assert all(torch.equal(model.state_dict()[key.removeprefix('module.')], weights[key])
               for key in weights)  # fmt: skip
