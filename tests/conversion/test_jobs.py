# SPDX-License-Identifier: Apache-2.0
"""The engine of all converters: parallel, interrupted at will, never half a file."""

import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from conversion.jobs import Job, Result, copy, run
from conversion.source import Source

from mmseg_im.errors import UserError, plain_errors
from tests.conversion.archives import tree, write_folder, write_zip


def reverse(content: bytes) -> Result:
    if content == b'bad':
        raise UserError('it is bad.')
    if content == b'worse':
        raise IndexError('worse')
    return Result([content[::-1], content], note='odd' if content == b'odd' else '')


def plan(source: Path, out: Path, convert=reverse) -> list[Job]:
    source = Source(source)
    return [
        Job([(source, name)], [out / 'a' / name, out / 'b' / name], convert)
        for name in source.names()
    ]


@pytest.fixture
def folder(tmp_path) -> Path:
    write_folder(tmp_path / 'in', {f'{i:02d}': f'content {i}'.encode() for i in range(11)})
    return tmp_path / 'in'


def test_a_second_run_skips_and_a_third_does_what_is_lost(folder, tmp_path, capsys):
    out = tmp_path / 'out'
    summary = run(plan(folder, out), out)
    assert (summary.written, summary.skipped) == (11, 0)
    whole = tree(out)
    assert whole['a/03'] == b'3 tnetnoc' and whole['b/03'] == b'content 3'
    assert len(whole) == 22
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    summary = run(plan(folder, out), out)
    assert (summary.written, summary.skipped) == (0, 11)
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    (out / 'a' / '03').unlink()
    (out / 'b' / '07').write_bytes(b'')  # as after a crash of the machine
    (out / 'a' / '.03.123.tmp').write_bytes(b'half')
    summary = run(plan(folder, out), out)
    assert (summary.written, summary.skipped) == (2, 9)
    assert tree(out) == whole
    assert '2 written, 9 skipped' in capsys.readouterr().out


@pytest.mark.parametrize(
    'content, message',
    [(b'bad', 'it is bad.'), (b'worse', r'cannot be converted \(IndexError: worse\)')],
)
def test_an_error_names_the_file_and_keeps_the_rest(folder, tmp_path, content, message):
    (folder / '06').write_bytes(content)
    out = tmp_path / 'out'
    with pytest.raises(UserError, match=rf'06 in {folder}.*{message}'):
        run(plan(folder, out), out)
    assert not [name for name in tree(out) if name.endswith(('06', '.tmp'))]
    (folder / '06').write_bytes(b'good')
    run(plan(folder, out), out)
    assert len(tree(out)) == 22


def test_notes_are_printed(folder, tmp_path, capsys):
    (folder / '06').write_bytes(b'odd')
    summary = run(plan(folder, tmp_path / 'out'), tmp_path / 'out')
    assert summary.notes == [f'06 in {folder}: odd']
    assert f'06 in {folder}: odd' in capsys.readouterr().out


def test_other_options_would_mix_two_data_sets(folder, tmp_path):
    out = tmp_path / 'out'
    run(plan(folder, out), out, dict(size=(8, 8)))
    run(plan(folder, out), out, dict(size=(8, 8)))
    assert json.loads((out / 'conversion.json').read_text()) == {'size': [8, 8]}
    with pytest.raises(UserError, match=r"was made with \{'size': \[8, 8\]\}, and now"):
        run(plan(folder, out), out, dict(size=(9, 9)))
    (out / 'conversion.json').unlink()
    with pytest.raises(UserError, match='holds files that this command did not make'):
        run(plan(folder, out), out, dict(size=(8, 8)))


def test_two_files_for_one_place(folder, tmp_path):
    doubled = plan(folder, tmp_path / 'out') + plan(folder, tmp_path / 'out')[3:4]
    with pytest.raises(UserError, match='03 in .* and 03 in .* would both become .*a/03'):
        run(doubled, tmp_path / 'out')


def test_what_cannot_be_written(folder, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='file is a file, not a folder'):
        run(plan(folder, tmp_path / 'file'), tmp_path / 'file')

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', full)
    with pytest.raises(UserError, match=r'a/00 cannot be written \(No space .*the same command'):
        run(plan(folder, tmp_path / 'out'), tmp_path / 'out')
    assert tree(tmp_path / 'out') == {}


def test_nothing_to_do(tmp_path, capsys):
    assert run([], tmp_path / 'out').written == 0


def slow(content: bytes) -> Result:
    time.sleep(0.02)
    return Result([content])


def work(archive: Path, out: Path, errors: Path) -> None:
    """What a tool does, in a session of its own."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stderr = errors.open('w', buffering=1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    with plain_errors():
        source = Source(archive)
        run([Job([(source, name)], [out / name], slow) for name in source.names()], out)


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize('kind', [signal.SIGKILL, signal.SIGINT])
def test_stopped_in_the_middle(tmp_path, kind):
    files = {f'{i:03d}.png': bytes([i % 256]) * 300_000 for i in range(200)}
    write_zip(tmp_path / 'in.zip', files)
    out, errors = tmp_path / 'out', tmp_path / 'errors'
    job = multiprocessing.get_context('fork').Process(
        target=work, args=(tmp_path / 'in.zip', out, errors)
    )
    job.start()
    end = time.time() + 120
    while len(list(out.glob('*.png'))) < 10:
        assert job.is_alive() and time.time() < end, errors.read_text()
        time.sleep(0.01)
    if kind == signal.SIGKILL:
        os.kill(job.pid, kind)  # not its workers: they must find out by themselves
    else:
        os.killpg(job.pid, kind)  # as a terminal does
    job.join(60)
    while group_is_alive(job.pid):
        assert time.time() < end, 'workers outlive their parent'
        time.sleep(0.05)
    if kind == signal.SIGINT:
        said = errors.read_text()
        assert said.startswith('error: Stopped after ') and said.count('\n') == 1, said
    there = {path.name: path.read_bytes() for path in out.glob('*.png')}
    assert 10 <= len(there) < 200
    assert all(content == files[name] for name, content in there.items())
    source = Source(tmp_path / 'in.zip')
    rest = [Job([(source, name)], [out / name], copy) for name in source.names()]
    assert run(rest, out).skipped == len(there)
    assert tree(out) == files
