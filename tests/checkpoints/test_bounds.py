# SPDX-License-Identifier: Apache-2.0
"""Small files that would take hours, all memory, or memory that is not theirs."""

import io
import pickle
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.optim import LinearLR

from mmseg_im.checkpoints import TRUST_VARIABLE, building, is_trusted
from mmseg_im.checkpoints.allowed_names import (
    MAX_NUMBERED,
    ForbiddenNameError,
    UnreadableError,
    is_key,
    shown,
)
from mmseg_im.checkpoints.content_form import check_content, check_weights
from mmseg_im.checkpoints.loaders import SILENCE, load_from_http
from mmseg_im.checkpoints.reading import load
from mmseg_im.checkpoints.resumed_state import check_optimizer, try_schedulers
from mmseg_im.checkpoints.unpickling import read_pickle
from mmseg_im.errors import UserError
from mmseg_im.methods.memory_bank import MemoryBank


@pytest.mark.parametrize('kind', [torch.optim.AdamW, torch.optim.SGD])
@pytest.mark.parametrize('wrong', [torch.zeros(1), torch.zeros(()), torch.zeros(9), 0.5])
def test_moments_have_the_shape_of_their_weight(kind, wrong):
    """A fused kernel does not look at sizes: it would write behind a moment of one value."""
    weight = torch.nn.Parameter(torch.zeros(8))
    weight.grad = torch.ones(8)
    options = dict(momentum=0.9) if kind is torch.optim.SGD else {}
    optimizer = kind([weight], lr=0.1, **options)
    optimizer.step()
    check_optimizer(optimizer)
    moment = next(k for k, v in optimizer.state[weight].items() if v.shape == weight.shape)
    optimizer.state[weight][moment] = wrong
    with pytest.raises(ValueError, match=f'{moment!r} of another shape'):
        check_optimizer(optimizer)


def test_the_kernel_of_an_optimiser_is_chosen_by_the_config():
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))], fused=False)
    optimizer.param_groups[0].update(fused=True, capturable=True)
    check_optimizer(optimizer)
    assert optimizer.param_groups[0]['fused'] is False
    assert optimizer.param_groups[0]['capturable'] is False


def test_keys_whose_hashes_could_collide_are_none():
    assert is_key('name') and is_key(3) and is_key(None) and is_key(('a', 1))
    for value in (2**61 - 1, -1, 1.5, ('a',) * 5, ((1,),), b'x'):
        assert not is_key(value)


def test_containers_are_not_shown():
    deep = 'x'
    for _ in range(60):
        deep = (deep, deep)
    assert shown(deep) == '...' and shown('a') == "'a'"


def test_a_list_of_pairs_is_not_copied_without_end():
    pairs = pickle.dumps([[f'{i}', i] for i in range(2000)], protocol=2)[:-1] + b'q\xff'
    call = b'ccollections\nOrderedDict\nh\xff\x85R'
    content = pairs + 600 * call + b'.'
    with pytest.raises(UnreadableError, match='copies the same items'):
        read_pickle(io.BytesIO(content))


@pytest.mark.parametrize('name', ['a\x1b[2J', 'line\nline', 'x' * 501])
def test_names_of_weights_are_plain_text(name):
    with pytest.raises(UnreadableError, match='a name that is no text'):
        check_weights({name: torch.zeros(1)}, 'state_dict')


def test_sets_and_versions_are_not_copied_without_end(monkeypatch):
    monkeypatch.setattr(building, 'MAX_COPIED', 100)
    monkeypatch.setattr(building, 'MAX_NUMBERED', 100)
    weights = torch.nn.Sequential(*[torch.nn.ReLU() for _ in range(60)]).state_dict()
    for one, other in [(set(range(60)), set(range(60))), (weights, weights.copy())]:
        if one is weights:
            other._metadata = one._metadata
        for value, refused in [([one], False), ([one, other], True)]:
            torch.save(dict(a=value), file := io.BytesIO())
            if not refused:
                load(file, 'x.pth')
                continue
            with pytest.raises(UserError, match='copies the same items'):
                load(file, 'x.pth')


def test_a_long_name_hides_no_other():
    content = b'\x80\x02caa' + 500 * b'a' + b'\nb\ncos\nsystem\n\x86.'
    with pytest.raises(ForbiddenNameError, match=r'asks for a{60}, os\.system$'):
        read_pickle(io.BytesIO(content))


@pytest.mark.parametrize(
    ('value', 'name'),
    [
        ('/data/ok.pth', 'https://evil.com/x/../../../data/ok.pth'),
        ('https://good.org/x.pth', 'https'),
        ('https://good.org/x.pth', '//good.org/x.pth'),
        ('https://good.org/x.pth', 'https://good.org/y/../x.pth'),
    ],
)
def test_a_url_that_is_trusted_is_no_path(monkeypatch, value, name):
    monkeypatch.setenv(TRUST_VARIABLE, value)
    assert is_trusted(value) and not is_trusted(name)


@pytest.mark.parametrize('end', ['a b.pth', 'a\n.pth', '[x/a.pth', ''])
def test_a_url_that_cannot_be_asked_is_a_sentence(end, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    with pytest.raises(UserError, match='cannot be downloaded|is no address'):
        load_from_http(f'http://127.0.0.1:9/{end}' if not end.startswith('[') else f'http://{end}')


def test_files_of_one_name_at_two_addresses_are_two(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))

    def download(url, path, **_):
        torch.save(dict(a=torch.tensor(len(url))), path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    for url in ('https://a.org/latest.pth', 'https://ab.org/latest.pth'):
        assert load_from_http(url)['a'] == len(url)
    # a hash in the name says nothing: two addresses are two files
    for url in ('https://a.org/net-0123abcd.pth', 'https://abc.org/net-0123abcd.pth'):
        assert load_from_http(url)['a'] == len(url)


def test_a_damaged_download_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    contents = [b'', b'PK']

    def download(url, path, **_):
        assert socket.getdefaulttimeout() == SILENCE
        if contents.pop():
            Path(path).write_bytes(b'PK\x03\x04 cut')
        else:
            torch.save(dict(a=torch.tensor(1)), path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(UserError, match='write or download it again'):
        load_from_http('https://a.org/x.pth')
    assert load_from_http('https://a.org/x.pth')['a'] == 1
    assert socket.getdefaulttimeout() is None


def test_a_memory_bank_of_a_file_claims_more_than_it_holds():
    bank = MemoryBank(2, 8, 3)
    for count in (10**9, -5):
        state = dict(bank.state_dict(), count=torch.full((2,), count), next=torch.tensor([-9, 99]))
        bank.load_state_dict(state)
        assert bank.sample(4).shape == (2, 4, 3)
        bank.push(torch.ones(2, 3, 3), torch.ones(2, 3, dtype=torch.bool))
        assert bank.sample(4).shape == (2, 4, 3) and 0 <= bank.count.min() <= bank.count.max() <= 8


def test_a_scheduler_without_length():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = LinearLR(optimizer, start_factor=0.5, by_epoch=False, end=4)
    scheduler.step()
    try_schedulers([scheduler])
    scheduler.load_state_dict(dict(scheduler.state_dict(), total_iters=0, last_step=1))
    with pytest.raises(ArithmeticError):
        try_schedulers(dict(a=[scheduler]))


@pytest.mark.parametrize(
    ('part', 'entries', 'match'),
    [
        ('runtime_info', {f'k{i}': 0 for i in range(1001)}, 'has 1001 entries'),
        ('runtime_info', dict(best_score='high'), 'best_score is no number'),
        ('log_scalars', {'train/\x1b[2J': 0}, 'a name that is no text'),
        ('runtime_info', dict(best_score=np.float64(3.0)), None),
    ],
)
def test_parts_of_the_message_hub(part, entries, match):
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    hub[part] = entries
    if match is None:
        check_content(dict(message_hub=hub))
    else:
        with pytest.raises(UnreadableError, match=match):
            check_content(dict(message_hub=hub))


@pytest.mark.parametrize('key', [int, lambda i: (i, 1)])
def test_numbers_as_keys_are_few(key):
    """They can be chosen so that a dict of 200,000 takes minutes."""
    most = MAX_NUMBERED // (10 if type(key(1)) is tuple else 1)
    for count, refused in ((most, False), (most + 1, True)):
        content = pickle.dumps({key(i): None for i in range(count)}, protocol=2)
        if not refused:
            read_pickle(io.BytesIO(content))
            continue
        with pytest.raises(UnreadableError, match='keys that are no names'):
            read_pickle(io.BytesIO(content))


def test_names_of_classes_are_few_and_short():
    for classes in (['x' * 501], ['a\x1b[2J'], ['x'] * 10_001):
        with pytest.raises(UnreadableError, match='too many or too long'):
            check_content(dict(meta=dict(dataset_meta=dict(classes=classes))))


def test_a_trusted_file_whose_name_holds_a_colon(tmp_path, monkeypatch):
    file = tmp_path / 'x:y.pth'
    file.touch()
    monkeypatch.setenv(TRUST_VARIABLE, str(file))
    assert is_trusted(str(file)) and not is_trusted(str(tmp_path / 'x'))


def test_texts_are_cut_before_they_are_shown():
    assert shown('a' * 10**6) == "'" + 'a' * 39
