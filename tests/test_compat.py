# SPDX-License-Identifier: Apache-2.0
"""Checkpoints load without running code; mmcv-lite is enough."""

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.datasets import BaseSegDataset
from torch.utils.data import DataLoader

from mmseg_im import compat
from mmseg_im.checkpoints import TRUST_VARIABLE
from mmseg_im.checkpoints.loaders import _name_in_cache


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Calls:
    """Pickles as a call of a function with arguments."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


class Forged:
    """Pickles as an array whose dtype takes the bytes of the file for pointers to objects."""

    def __reduce__(self):
        dtype = Calls(np.dtype, 'f8', False, True)
        state = (3, '|', (np.dtype('O'), (1,)), None, None, 8, 1, 63)
        return np.ndarray, ((1,), dtype, None), state


def hub_state() -> dict:
    """The state of a message hub as a Runner stores it."""
    hub = MessageHub('test')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/lr', np.float32(0.1))
    hub.update_info('best_score', np.float32(41.5))
    hub.update_info('iter', 7)
    return hub.state_dict()


def load(path):
    return CheckpointLoader.load_checkpoint(str(path), map_location='cpu', logger='silent')


def test_a_runners_checkpoint_loads(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    arrays = {t: np.zeros(2, t) for t in ('float64', 'float32', 'int64', 'uint8', 'bool')}
    torch.save(dict(message_hub=hub_state(), meta=dict(a=arrays), state_dict={}), path)
    loaded = load(path)
    scalar = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(scalar, HistoryBuffer) and scalar.mean() == 0.5
    assert loaded['message_hub']['runtime_info']['best_score'] == np.float32(41.5)
    assert loaded['meta']['a']['uint8'].dtype == np.uint8


def test_code_is_refused_named_and_not_run(tmp_path):
    path, made = tmp_path / 'evil.pth', tmp_path / 'made'
    torch.save(dict(state_dict={}, extra=Payload(made)), path)
    with pytest.raises(ValueError, match=r'evil.pth is refused.*posix.mkdir.*MMSEG_IM_TRUST'):
        load(path)
    assert not made.exists()


def test_the_one_switch_trusts_one_file(tmp_path, monkeypatch):
    path, other, made = tmp_path / 'mine.pth', tmp_path / 'other.pth', tmp_path / 'made'
    torch.save(dict(extra=Payload(made)), path)
    torch.save(dict(extra=Payload(tmp_path / 'no')), other)
    monkeypatch.setenv(TRUST_VARIABLE, str(path))
    load(path)
    assert made.exists()
    with pytest.raises(ValueError, match='other.pth is refused'):
        load(other)
    assert 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' not in os.environ


@pytest.mark.parametrize('name', ['__init__', '__globals__', 'update', 'data'])
def test_the_allow_list_opens_no_door(tmp_path, name):
    path = tmp_path / 'door.pth'
    torch.save(dict(extra=Calls(getattr, HistoryBuffer, name)), path)
    with pytest.raises(ValueError, match=rf'door.pth cannot be read.*asks for .*getattr.*{name}'):
        load(path)


@pytest.mark.parametrize('value', [np.dtype('O'), Forged(), Calls(np.dtype, 'V8')])
def test_dtypes_that_are_no_numbers_are_refused(tmp_path, value):
    path = tmp_path / 'forged.pth'
    torch.save(dict(extra=value), path)
    with pytest.raises(ValueError, match=r'forged.pth cannot be read .* (asks for|calls) numpy'):
        load(path)


@pytest.mark.parametrize('scheme', ['open-mmlab://', 'openmmlab://'])
def test_names_of_models_are_as_strict_as_files(tmp_path, monkeypatch, scheme):
    from mmengine.runner import checkpoint as module

    good, evil = tmp_path / 'good.pth', tmp_path / 'evil.pth'
    torch.save(dict(a=torch.ones(1)), good)
    torch.save(dict(a=Calls(getattr, HistoryBuffer, '__init__')), evil)
    models = dict(good=str(good), evil=str(evil))
    monkeypatch.setattr(module, 'get_external_models', lambda: models)
    assert load(f'{scheme}good')['a'] == 1
    with pytest.raises(ValueError, match='evil.pth cannot be read'):
        load(f'{scheme}evil')
    with pytest.raises(ValueError, match='no pretrained weights of this name'):
        load(f'{scheme}other')
    with pytest.raises(ValueError, match='pavi:// is not supported'):
        load('pavi://x')


def test_urls_are_as_strict_as_files(tmp_path, monkeypatch):
    """A download goes through the same check; the file is already in torch's cache."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    cache = tmp_path / 'hub' / 'checkpoints'
    cache.mkdir(parents=True)

    def cached(name):
        return cache / _name_in_cache(f'https://example.com/{name}')

    torch.save(dict(a=torch.ones(1)), cached('good.pth'))
    torch.save(dict(a=Payload(tmp_path / 'made')), cached('evil.pth'))
    assert load('https://example.com/good.pth')['a'] == 1
    with pytest.raises(ValueError, match='evil.pth is refused'):
        load('https://example.com/evil.pth')
    assert not (tmp_path / 'made').exists()
    # what was refused is downloaded again
    torch.save(dict(a=Payload(tmp_path / 'made')), cached('evil.pth'))
    monkeypatch.setenv(TRUST_VARIABLE, 'https://example.com/evil.pth')
    load('https://example.com/evil.pth')
    assert (tmp_path / 'made').exists()


def test_a_users_own_torch_switch_changes_nothing(tmp_path, monkeypatch):
    """Many set it as a remedy for other tools."""
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    torch.save(dict(a=torch.ones(1)), tmp_path / 'good.pth')
    torch.save(dict(a=Payload(tmp_path / 'made')), tmp_path / 'evil.pth')
    assert load(tmp_path / 'good.pth')['a'] == 1
    with pytest.raises(ValueError, match='evil.pth is refused'):
        load(tmp_path / 'evil.pth')
    assert not (tmp_path / 'made').exists()
    assert os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] == '1'


def test_broken_and_missing_files_are_named(tmp_path):
    path = tmp_path / 'cut.pth'
    torch.save(dict(a=torch.ones(1000)), path)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ValueError, match=r'cut.pth cannot be read as a checkpoint'):
        load(path)
    with pytest.raises(FileNotFoundError, match=r'none.pth does not exist'):
        load(tmp_path / 'none.pth')


def test_placeholder_for_compiled_operators(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec', lambda n, *a: None if n == 'mmcv._ext' else real(n, *a)
    )
    monkeypatch.delitem(sys.modules, 'mmcv._ext', raising=False)
    compat.install_mmcv_ext_placeholder()
    module = sys.modules['mmcv._ext']
    assert module.__spec__.name == 'mmcv._ext'
    with pytest.raises(RuntimeError, match=r"'nms' is one of them.*no-build-isolation"):
        module.nms(1, 2)
    with pytest.raises(AttributeError):
        module.__path__  # noqa: B018


def test_a_spawned_worker_loads_a_data_set_of_mmseg(mini_camvid):
    """It is unpickled before anything of this package."""
    dataset = BaseSegDataset(
        data_root=mini_camvid,
        data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackSegInputs')],
    )
    loader = DataLoader(
        dataset, num_workers=1, multiprocessing_context='spawn', collate_fn=pseudo_collate
    )
    assert len(next(iter(loader))['inputs']) == 1


def test_environment_report_works_with_the_placeholder():
    from mmengine.utils.dl_utils import collect_env

    assert collect_env()['PyTorch'] == torch.__version__


def test_missing_mmseg_names_both_installs(tmp_path):
    """In a fresh interpreter in which mmseg cannot be found."""
    code = (
        'import importlib.util as u, sys\n'
        'real = u.find_spec\n'
        'u.find_spec = lambda n, *a: None if n == "mmseg" else real(n, *a)\n'
        'import mmseg_im'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode != 0
    assert "'mmseg' cannot be imported" in done.stderr
    assert 'mmseg_im[openmmlab]' in done.stderr and 'mmseg_im[onedl]' in done.stderr
