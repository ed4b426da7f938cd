# SPDX-License-Identifier: Apache-2.0
"""A file of rows: whole or not there, and read without keeping it in memory."""

import json
import multiprocessing
import resource
import tracemalloc
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from mmseg_im.errors import UserError
from mmseg_im.files.row_file import RowFile, write_rows

HEAD, ROW = dict(classes=[str]), dict(value=int)


def write(path, rows) -> None:
    write_rows(path, dict(classes=['a']), ((name, json.dumps(row)) for name, row in rows))


def opened(path) -> RowFile:
    return RowFile(path, HEAD, ROW, 'Write it again.')


def test_rows_come_back_in_the_order_of_their_names(tmp_path):
    path = tmp_path / 'new folder' / 'x?#%.sqlite'  # characters that mean something in a URI
    write(path, [('b/2', dict(value=2)), ('a', dict(value=9)), ('ü', dict(value=3)),
                 ('a', dict(value=1))])  # fmt: skip
    rows = opened(path)
    assert rows.head == dict(classes=['a'])
    assert list(rows.pairs()) == [(n, dict(value=i)) for i, n in enumerate(['a', 'b/2', 'ü'], 1)]
    assert list(rows) == ['a', 'b/2', 'ü'] and len(rows) == 3
    assert rows['b/2'] == dict(value=2) and rows.get('c') is None and 'c' not in rows
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_row_of_another_shape_is_named(tmp_path):
    write(tmp_path / 'x', [('a', dict(value=1)), ('b', dict(value='?'))])
    rows = opened(tmp_path / 'x')
    assert rows['a'] == dict(value=1)
    with pytest.raises(UserError, match=r"x is damaged \(b.value: '\?' stands .*Write it again"):
        list(rows.pairs())


def test_what_fails_leaves_the_old_file(tmp_path):
    write(tmp_path / 'x', [('a', dict(value=1))])

    def rows():
        yield 'b', '{}'
        raise UserError('A row cannot be made.')

    with pytest.raises(UserError, match='A row cannot be made'):
        write_rows(tmp_path / 'x', {}, rows())
    (tmp_path / 'folder').mkdir()
    with pytest.raises(UserError, match='folder cannot be written'):
        write(tmp_path / 'folder', [])
    assert list(opened(tmp_path / 'x')) == ['a']
    assert sorted(p.name for p in tmp_path.iterdir()) == ['folder', 'x']


def test_a_full_disk(tmp_path):
    """A limit on the size of files ends like a full disk: with a sentence, and nothing half."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(UserError, match=r'x cannot be written \('):
            write_rows(tmp_path / 'x', {}, ((str(i), 'x' * 100) for i in range(9999)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def write_for_ever(path: Path, begun: Event) -> None:
    def rows():
        for i in range(10**9):
            if i == 50_000:
                begun.set()
            yield str(i), '{}'

    write_rows(path, {}, rows())


def test_killed_while_it_is_written(tmp_path):
    """The old file is whole, and what was begun has a name that a run deletes."""
    path, context = tmp_path / 'x', multiprocessing.get_context('fork')
    write(path, [('a', dict(value=1))])
    begun = context.Event()
    process = context.Process(target=write_for_ever, args=(path, begun))
    process.start()
    assert begun.wait(60)
    process.kill()
    process.join()
    assert dict(opened(path)) == dict(a=dict(value=1))
    [rest] = [p for p in tmp_path.iterdir() if p != path]
    assert rest.match('.x.*.tmp')


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path):
    peaks = []
    for count in (500, 10_000):
        tracemalloc.start()
        write(tmp_path / 'x', ((f'{i:06}', dict(value=i)) for i in range(count)))
        assert sum(row['value'] for _, row in opened(tmp_path / 'x').pairs()) == sum(range(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1e6  # all rows would take 3 MB; threads of other tests take some
