# SPDX-License-Identifier: Apache-2.0
"""Real checkpoints load exactly, whatever kind of value they hold."""

import io
import re
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from packaging.version import Version
from torch import Tensor, nn

from mmseg_im.checkpoints import building, read_checkpoint, tensors
from mmseg_im.checkpoints.reading import load
from mmseg_im.errors import UserError


def content() -> dict:
    """Everything that a checkpoint may hold."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    base = torch.arange(24.0)
    kinds = (
        torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
        torch.int8, torch.uint8, torch.complex64, torch.complex128,
    )  # fmt: skip
    return dict(
        state_dict=net.state_dict(),
        parameters=dict(net.named_parameters()),
        view=base[3:9].view(2, 3).t(),
        base=base,
        expanded=torch.ones(1).expand(5, 3),
        grid=torch.meshgrid(torch.arange(3), torch.arange(4), indexing='ij'),
        tensors=[torch.arange(6).to(kind).view(2, 3) for kind in kinds],
        flags=torch.tensor([True, False]),
        empty=torch.zeros(0, 3),
        scalar=torch.tensor(3),
        optimizer=dict(state={0: dict(step=torch.tensor(1.0))}, param_groups=[dict(lr=0.1)]),
        plain=(1, (2, [3.5, None, True]), 10**100, -5, float('inf'), 'äé😀', b'\xff\x00', b''),
        containers=[OrderedDict(a=1), Counter([1, 1, 2]), {1, 'x', (2, 3)}],
        arrays=[np.arange(6).astype(k).reshape(2, 3) for k in ('i1', 'u4', 'f2', 'f8', '?', '>i4')],
        fortran=np.asfortranarray(np.arange(6).reshape(2, 3)),
        odd_arrays=[np.array(3.0), np.zeros((0, 3))],
        numbers=[np.float32(1.5), np.bool_(True), np.uint8(7), np.int64(-1)],
    )


def assert_same(ours, theirs, where: str = '') -> None:
    if isinstance(theirs, Tensor):
        assert torch.equal(ours, theirs) and ours.dtype == theirs.dtype, where
        dense = 'grid' not in where and 'expanded' not in where and theirs.numel()
        assert not dense or ours.stride() == theirs.stride(), where
        return
    assert type(ours) is type(theirs), where
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            assert_same(ours[key], theirs[key], f'{where}.{key}')
        assert_same(getattr(ours, '_metadata', None), getattr(theirs, '_metadata', None), where)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs), where
        for i, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_same(*pair, f'{where}[{i}]')
    elif isinstance(theirs, np.ndarray):
        assert np.array_equal(ours, theirs) and ours.flags.writeable, where
        assert ours.dtype == theirs.dtype.newbyteorder('='), where
        assert ours.flags.f_contiguous == theirs.flags.f_contiguous, where
    else:
        assert ours == theirs, where


def saved(value, **options) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(value, file, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize('zipped', [True, False])
def test_content_is_that_of_torch_load(zipped):
    file = saved(content(), _use_new_zipfile_serialization=zipped)
    ours = load(file, 'x.pth')
    file.seek(0)
    assert_same(ours, torch.load(file, weights_only=False))
    assert ours['view'].data_ptr() == ours['base'].data_ptr() + 3 * 4  # one storage, as before


def test_a_log_is_read_and_goes_on():
    log = HistoryBuffer(max_length=3)
    for value in (1.0, 2.0, 3.0):
        log.update(value)
    ours = load(saved(dict(log=log)), 'x.pth')['log']
    ours.update(4.0)
    assert ours.data[0].tolist() == [2.0, 3.0, 4.0] and ours.statistics('mean') == 3.0
    assert ours.max_length == 3


def test_archives_of_more_than_4_gib_have_a_second_directory(monkeypatch):
    """As large as theirs are, their numbers stand in other places: of a small file, too."""
    plain = zipfile.ZipFile(saved(dict(a=torch.ones(3))))
    monkeypatch.setattr(zipfile, 'ZIP64_LIMIT', 0)
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as large:
        for name in plain.namelist():
            large.writestr(name, plain.read(name))
    assert b'PK\x06\x06' in file.getvalue()
    assert load(file, 'x.pth')['a'].tolist() == [1, 1, 1]
    size = file.getvalue().index(b'PK\x06\x06') + 40
    huge = file.getvalue()[:size] + (2**40).to_bytes(8, 'little') + file.getvalue()[size + 8 :]
    with pytest.raises(UserError, match='far more entries than a checkpoint'):
        load(io.BytesIO(huge), 'x.pth')


@pytest.mark.parametrize(
    'where', [None, 'cpu', torch.device('cpu'), {'cpu': 'cpu'}, {}, lambda storage, _: storage]
)
def test_devices(where):
    assert load(saved(dict(a=torch.ones(2))), 'x.pth', where)['a'].tolist() == [1, 1]
    meta = load(saved(dict(a=torch.ones(2))), 'x.pth', 'meta')['a']
    assert meta.is_meta and meta.shape == (2,)


def test_flags_other_than_0_and_1_are_1():
    """A bool of another value makes torch and NumPy count wrongly."""
    file = saved(dict(a=torch.tensor([True, False, True])))
    archive = zipfile.ZipFile(file)
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as forged:
        for name in archive.namelist():
            content = b'\x07\x00\xff' if name.endswith('data/0') else archive.read(name)
            forged.writestr(name, content)
    flags = load(out, 'x.pth')['a']
    assert flags.view(torch.uint8).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ('module', 'limit', 'value', 'match'),
    [
        (building, 'MAX_ITEMS', dict(a=[1] * 50, b=[2] * 51), 'more than 100 values'),
        (building, 'MAX_DEPTH', dict(a=[[[[[[1]]]]]]), 'more than 5 deep'),
        (tensors, 'MAX_EXPANDED', [torch.ones(1).expand(9)] * 2, 'repeat few values'),
    ],
)
def test_limits(monkeypatch, module, limit, value, match):
    limits = dict(MAX_ITEMS=100, MAX_DEPTH=5, MAX_EXPANDED=35)
    monkeypatch.setattr(module, limit, limits[limit])
    with pytest.raises(UserError, match=match):
        load(saved(value), 'x.pth')


def test_weights_with_and_without_a_dict_around_them(tmp_path):
    weights = dict(a=torch.ones(2))
    torch.save(weights, tmp_path / 'bare.pth')
    torch.save(dict(state_dict=weights, meta=None), tmp_path / 'plain.pth')
    torch.save(dict(state_dict=weights, meta=dict(epoch=3)), tmp_path / 'whole.pth')
    metas = dict(bare={}, plain={}, whole=dict(epoch=3))
    for name, meta in metas.items():
        ours = read_checkpoint(tmp_path / f'{name}.pth')
        assert ours.weights['a'].tolist() == [1, 1] and ours.meta == meta


def test_folders_and_unreadable_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r'cannot be read as a checkpoint: it is a folder'):
        read_checkpoint(tmp_path)


def test_the_floor_of_torch_is_one_without_known_holes_in_loading():
    """Trusted files, and users' own torch.load, meet torch's unpickler: advisories before 2.10."""
    setup = (Path(__file__).parents[2] / 'setup.py').read_text()
    floor = Version(re.search(r"'torch>=([\d.]+)'", setup)[1])
    assert Version('2.10') <= floor <= Version(torch.__version__)
