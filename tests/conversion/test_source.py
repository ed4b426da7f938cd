# SPDX-License-Identifier: Apache-2.0
"""Folders and archives read alike."""

import multiprocessing
import pickle

import pytest
from conversion.source import Source

from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import write_folder, write_tar, write_zip

FILES = {f'data/set {i}/{i:03d}.bin': bytes([i]) * (100_000 + 377 * i) for i in range(40)}
CLUTTER = {'__MACOSX/data/._001.bin': b'x', 'data/.DS_Store': b'x'}
WRITERS = {
    'set': write_folder,
    'set.zip': write_zip,
    'set.tar': write_tar,
    'set.tar.gz': lambda path, files: write_tar(path, files, 'w:gz'),
}


@pytest.fixture(params=WRITERS)
def source(request, tmp_path) -> Source:
    WRITERS[request.param](tmp_path / request.param, FILES | CLUTTER)
    return Source(tmp_path / request.param)


def test_every_form_gives_the_same_names_and_contents(source):
    assert {name: source.read(name) for name in source.names()} == FILES


def compare(source: Source, names: list[str]) -> bool:
    return all(source.read(name) == FILES[name] for name in names)


def test_processes_that_read_at_once_do_not_disturb_each_other(source):
    names = source.names()
    assert compare(source, names[:3])  # the parent has opened it before it forks
    with multiprocessing.Pool(2) as pool:
        parts = [3 * names[::2], 3 * names[1::2], names[5:], names[:30]]
        works = pool.starmap_async(compare, [(source, part) for part in parts])
        assert compare(source, names)
        assert works.get(60) == [True] * 4


def test_only_the_path_is_sent(source):
    source.names()
    assert len(pickle.dumps(source)) < 1000


@pytest.mark.parametrize('name', ['../out.png', 'a/../../out.png', '/etc/out.png', 'C:\\out.png'])
@pytest.mark.parametrize('writer', [write_zip, write_tar])
def test_paths_that_lead_out_are_refused(tmp_path, writer, name):
    path = tmp_path / ('set.zip' if writer is write_zip else 'set.tar')
    writer(path, {'good.png': b'1', name: b'2'})
    with pytest.raises(UserError, match='leads out of its folder'):
        Source(path).names()
    with pytest.raises(UserError, match='has no file'):
        Source(path).read(name)


def test_links_in_a_folder(tmp_path):
    """Inside they are followed and circles end; one that leads out is refused, file or folder."""
    write_folder(tmp_path / 'set', {'here/a.png': b'1'})
    (tmp_path / 'here').symlink_to(tmp_path / 'set')  # the folder itself may be a link
    (tmp_path / 'set' / 'linked.png').symlink_to('here/a.png')
    (tmp_path / 'set' / 'circle').symlink_to(tmp_path / 'set')
    source = Source(tmp_path / 'here')
    assert source.names() == ['linked.png', 'here/a.png']
    assert source.read('linked.png') == b'1'
    write_folder(tmp_path / 'elsewhere', {'b.png': b'1'})
    for target in ('elsewhere', 'elsewhere/b.png', 'nowhere'):
        link = tmp_path / 'set' / 'link.png'
        link.symlink_to(tmp_path / target)
        with pytest.raises(UserError, match='link.png is a symbolic link that leads out of'):
            source.names()
        with pytest.raises(UserError, match='link.png is a symbolic link that leads out of'):
            source.read('link.png')
        link.unlink()


@pytest.mark.parametrize('name', ['set.zip', 'set.tar.gz'])
def test_half_a_download_is_named(tmp_path, name):
    WRITERS[name](tmp_path / name, FILES)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=rf'{name} is not a whole archive .*Download it again'):
        Source(tmp_path / name).names()


def test_a_damaged_file_is_named(tmp_path):
    write_zip(tmp_path / 'set.zip', {'a.png': b'abcdefgh', 'b.png': b'1'})
    content = (tmp_path / 'set.zip').read_bytes()
    (tmp_path / 'set.zip').write_bytes(content.replace(b'abcdefgh', b'abcdefgX'))
    with pytest.raises(UserError, match='a.png in .*set.zip cannot be read .*CRC'):
        Source(tmp_path / 'set.zip').read('a.png')


def test_what_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match='none.zip does not exist'):
        Source(tmp_path / 'none.zip')
