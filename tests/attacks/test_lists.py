# SPDX-License-Identifier: Apache-2.0
"""Lists of images that are none: in training, validation, test, and in the tools that read them."""

import pytest
from mmengine.registry import init_default_scope

from mmseg_im.errors import UserError
from mmseg_im.own_data.folders import read_names
from tests.attacks.own import LISTS, Own, template
from tests.tool_runs import assert_refused, run_tool
from tools.dataset_converters.splits import FAMILIES, convert

# Kind to the bytes of a list of the images 5 and 6, and what is said of it.
BROKEN = {
    'UTF-16': ('5\n6\n'.encode('utf-16'), 'is UTF-16'),
    'UTF-16, big-endian': (b'\xfe\xff' + '5\n6\n'.encode('utf-16-be'), 'is UTF-16'),
    'UTF-16 without mark': ('5\n6\n'.encode('utf-16-le'), "line 1: the character '\\x00'"),
    'UTF-32': ('5\n6\n'.encode('utf-32'), 'is UTF-16'),
    'byte order mark': (b'\xef\xbb\xbf5\n6\n', 'begins with a byte order mark'),
    'Latin-1': ('5\nStra\xdfe\n'.encode('latin-1'), 'line 2: bytes that are no UTF-8'),
    'cut in a character': (b'5\n\xc3', 'line 2: bytes that are no UTF-8'),
    'surrogate': (b'5\n\xed\xa0\x80\n', 'line 2: bytes that are no UTF-8'),
    'noise': (bytes(range(256)) * 4, 'line 1'),
    'picture': (b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR', 'line 1: bytes that are no UTF-8'),
    'NUL': (b'5\n6\x00\n', "line 2: the character '\\x00'"),
    'escape sequence': (b'5\n\x1b[2J\n', "line 2: the character '\\x1b'"),
    'old Macintosh': (b'5\r6\r', "line 1: the character '\\r'"),
    'line separator': ('5\u20286\n'.encode(), "line 1: the character '\\u2028'"),
    'parent folder': (b'5\n../images/6\n', "line 2: '../images/6' leads out"),
    'parent folder inside': (b'5\nx/../../6\n', "line 2: 'x/../../6' leads out"),
    'parent folder, Windows': (b'..\\6\n', 'line 1'),
    'absolute path': (b'5\n/etc/passwd\n', "line 2: '/etc/passwd' is an absolute path"),
    'drive': (b'C:\\images\\5\n', 'is an absolute path'),
    'network folder': (b'\\\\server\\images\\5\n', 'is an absolute path'),
    'endless line': (b'5\n' + b'x' * 5000, 'line 2: 5000 characters'),
}  # fmt: skip
# To MMSegmentation a blank line is an image; the tools pass it over.
BLANK = {
    'blank line': (b'5\n\n6\n', 'line 2, is empty'),
    'blank end': (b'5\n6\n\n', 'line 3, is empty'),
    'blank line of white space': (b'5\n \t \n6\n', 'line 2, is empty'),
    'blank line, Windows': (b'5\r\n\r\n6\r\n', 'line 2, is empty'),
    'nothing': (b'', 'is empty'),
    'line end alone': (b'\n', 'is empty'),
}


@pytest.fixture(scope='module')
def config() -> str:
    return template()


@pytest.fixture
def own(mini_own, config, tmp_path) -> Own:
    init_default_scope('mmseg')
    return Own(mini_own, tmp_path / 'mine', config)


@pytest.mark.parametrize('place', LISTS)
def test_data_sets_refuse_what_is_no_list(own, attack, place):
    path = own.root / LISTS[place]
    own.build(place)
    for kind, (content, said) in (BROKEN | BLANK).items():
        path.write_bytes(content)
        with pytest.raises(UserError) as refused:
            own.build(place)
        sentence = str(refused.value)
        assert str(path) in sentence and said in sentence, f'{kind}: {sentence}'
        assert len(sentence) < 500
        attack(f'list of {place} images')


@pytest.mark.parametrize('place', LISTS)
def test_training_refuses_them(own, attack, tmp_path, place):
    path = own.root / LISTS[place]
    path.write_bytes(BROKEN['Latin-1'][0])
    ended = run_tool('train.py', own.config, log=tmp_path / 'log')
    assert_refused(ended, 'ann_file', str(path), 'line 2', 'UTF-8')
    attack('train.py: list')


@pytest.mark.parametrize('kind', ['UTF-16', 'parent folder'])
def test_testing_refuses_them(own, attack, tmp_path, kind):
    path = own.root / 'test.txt'
    path.write_bytes(BROKEN[kind][0])
    ended = run_tool(
        'test.py', own.config, own.config, '--work-dir', tmp_path / 'w', log=tmp_path / 'log'
    )
    assert_refused(ended, 'test_dataloader.dataset.ann_file', str(path))
    attack('test.py: list')


def test_a_split_is_a_folder_of_lists(own, attack):
    split = own.root / 'halves'
    split.mkdir()
    (split / 'labeled.txt').write_text('0\n')
    (split / 'unlabeled.txt').write_bytes(BROKEN['absolute path'][0])
    text = own.config.read_text()
    own.config.write_text(f"{text}\ntrain_dataloader['dataset']['split'] = 'halves'\n")
    with pytest.raises(UserError, match='halves/unlabeled.txt, line 2'):
        own.build('unlabeled')
    attack('list of a split')


def test_make_splits(attack, tmp_path):
    path = tmp_path / 'names.txt'
    for kind, (content, said) in BROKEN.items():
        path.write_bytes(content)
        with pytest.raises(UserError) as refused:
            read_names(path)
        assert str(path) in str(refused.value) and said in str(refused.value), kind
        attack('list of make_splits.py')
    ended = run_tool('make_splits.py', path, tmp_path / 'out', '--counts', 1, log=tmp_path / 'log')
    assert_refused(ended, str(path), 'line 2')
    assert not (tmp_path / 'out').exists()
    attack('make_splits.py: list')
    for content, _ in list(BLANK.values())[:4]:
        path.write_bytes(content)
        assert read_names(path) == ['5', '6']


def test_make_splits_leaves_other_lists_of_any_bytes_alone(attack, tmp_path):
    names, there = tmp_path / 'names.txt', tmp_path / 'out' / '1' / 'labeled.txt'
    names.write_text('5\n6\n')
    there.parent.mkdir(parents=True)
    there.write_bytes(BROKEN['UTF-16'][0])
    args = ('make_splits.py', names, tmp_path / 'out', '--counts', 1)
    assert_refused(run_tool(*args, log=tmp_path / 'log'), str(there), 'other names')
    assert there.read_bytes() == BROKEN['UTF-16'][0]
    attack('make_splits.py: list')


def test_published_lists(attack, tmp_path):
    for split in FAMILIES['unimatch'].counts:
        for kind in ('labeled', 'unlabeled'):
            path = tmp_path / split / f'{kind}.txt'
            path.parent.mkdir(exist_ok=True)
            path.write_text('')
    path = tmp_path / '1_16' / 'labeled.txt'
    line = b'leftImg8bit/train/%s_leftImg8bit.png gtFine/train/x.png\n'
    outside = {
        'parent folder': (line % b'a/..', 'leads out'),
        'other form': (b'/etc/passwd\n', 'is not an image'),
    }
    bad = {kind: BROKEN[kind] for kind in ('UTF-16', 'Latin-1', 'NUL', 'picture', 'old Macintosh')}
    for kind, (content, said) in (bad | outside).items():
        path.write_bytes(content)
        with pytest.raises(UserError) as refused:
            convert(tmp_path, 'unimatch', tmp_path / 'out')
        assert str(path) in str(refused.value) and said in str(refused.value), kind
        attack('published list')
    ended = run_tool(
        'dataset_converters/splits.py', tmp_path, '--family', 'unimatch', '--out',
        tmp_path / 'out', log=tmp_path / 'log',
    )  # fmt: skip
    assert_refused(ended, str(path), 'line 1')
    assert not (tmp_path / 'out').exists()
    attack('splits.py: published list')
