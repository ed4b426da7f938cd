# SPDX-License-Identifier: Apache-2.0
"""Runs many small conversions in parallel; what is there already is not done again."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

import cv2
from rich.progress import track

from conversion.finding import SHOWN
from conversion.source import Source
from mmseg_im.datasets.image_files import is_cut_content
from mmseg_im.errors import UserError
from mmseg_im.files.safe_names import flaw_of_name
from mmseg_im.files.whole import read_json, write_aside, write_json

RECORD = 'conversion.json'


@dataclass(frozen=True)
class Result:
    """What a conversion made.

    Attributes:
        files (Sequence[bytes]): Content of the outputs, in their order.
        note (str): Something a person should know about this file.
    """

    files: Sequence[bytes]
    note: str = ''


@dataclass(frozen=True)
class Job:
    """Makes files out of others.

    Attributes:
        inputs (Sequence[tuple[Source, str]]): What is read: where, and its name there.
        outputs (Sequence[Path]): What is written. The job is done if all are there.
        convert (Callable[..., Result]): Called with the contents of the inputs; a function of a
            module, or a :func:`functools.partial` of one, so that it can be sent to a process.
    """

    inputs: Sequence[tuple[Source, str]]
    outputs: Sequence[Path]
    convert: Callable[..., Result]


@dataclass
class Summary:
    """How a run ended: counts of jobs, and notes."""

    written: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)


def copy(content: bytes) -> Result:
    """Copies a file after checking that it is whole.

    Raises:
        UserError: If the file is empty, or a JPEG or PNG that is cut off.
    """
    if is_cut_content(content):
        raise UserError('it is empty or cut off. Get the file again.')
    return Result([content])


def run(jobs: Sequence[Job], out: str | os.PathLike, options: dict | None = None) -> Summary:
    """Does the jobs whose outputs are not there, and prints a summary.

    Each output is written aside and renamed: whenever the run is stopped, even by ``kill -9``,
    what is there is whole, and the next run does the rest.

    Args:
        jobs (Sequence[Job]): What to do. Outputs lie under ``out``.
        out (str or PathLike): Folder of the data set.
        options (dict, optional): What decides about the content of the outputs. It is recorded
            in ``out``; a run with other values is refused, because it would mix two data sets.

    Returns:
        Summary: What was done.

    Raises:
        UserError: If a file cannot be converted (names it) or written, or ``out`` was made with
            other options.
    """
    if Path(out).exists() and not Path(out).is_dir():
        raise UserError(f'{out} is a file, not a folder. Choose another --out.')
    _check_outputs(jobs, Path(out))
    if options is not None:
        _check_options(Path(out), options, jobs)
    todo = [job for job in jobs if not all(map(_is_there, job.outputs))]
    _remove_unfinished({path.parent for job in todo for path in job.outputs})
    summary = Summary(skipped=len(jobs) - len(todo))
    try:
        for note in _run_parallel(todo, f'Writing {out}'):
            summary.written += 1
            summary.notes += [note] if note else []
    except KeyboardInterrupt:
        raise UserError(
            f'Stopped after {summary.written} of {len(todo)} files; the same command does the rest.'
        ) from None
    for note in summary.notes[:SHOWN]:
        print(note)
    if len(summary.notes) > SHOWN:
        print(f'... and {len(summary.notes) - SHOWN} more of these.')
    print(f'{out}: {summary.written} written, {summary.skipped} skipped (there already).')
    return summary


def _is_there(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _check_outputs(jobs: Sequence[Job], out: Path) -> None:
    """Each lies in ``out`` under a name of its own, also where case does not count."""
    owner = {}
    for job in jobs:
        for path in job.outputs:
            origin = f'{job.inputs[0][1]} in {job.inputs[0][0]}'
            name = path.relative_to(out).as_posix() if path.is_relative_to(out) else str(path)
            flaw = flaw_of_name(name)
            if flaw:
                raise UserError(f'{origin} would become {path}, whose name {flaw}. Rename it.')
            if name.casefold() in owner:
                other = owner[name.casefold()]
                raise UserError(f'{other} and {origin} would both become {path}. Take one away.')
            owner[name.casefold()] = origin


def _check_options(out: Path, options: dict, jobs: Sequence[Job]) -> None:
    remedy = 'Choose another --out, or delete the folder to make it anew.'
    record = out / RECORD
    options = json.loads(json.dumps(options))  # as it will be read back
    if record.is_file():
        before = read_json(record, dict, remedy)
        if before != options:
            raise UserError(f'{out} was made with {before}, and now it is {options}. {remedy}')
    elif any(_is_there(path) for job in jobs for path in job.outputs):
        raise UserError(f'{out} holds files that this command did not make. {remedy}')
    else:
        write_json(record, options)


def _remove_unfinished(folders: set[Path]) -> None:
    """Takes away what a killed run wrote aside."""
    for folder in folders:
        for path in folder.glob('.*.tmp'):
            path.unlink(missing_ok=True)


def _run_parallel(jobs: Sequence[Job], description: str):
    """Yields the note of each job, in order."""
    if not jobs:
        return
    pool = ProcessPoolExecutor(
        min(_cores(), len(jobs)), initializer=_start_worker, initargs=(os.getpid(),)
    )
    try:
        # in order and in small portions: compressed archives are read forward only, and little
        # is left to finish when the run is stopped
        yield from track(pool.map(_do, jobs, chunksize=4), description, total=len(jobs))
    except BrokenProcessPool:
        raise UserError(
            'A process was killed from outside, perhaps because memory is short. The same command '
            'does the rest.'
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker(starter: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    cv2.setNumThreads(0)
    threading.Thread(target=_end_with, args=(starter,), daemon=True).start()


def _end_with(starter: int) -> None:
    """Ends an orphan: nothing else tells a worker that its parent was killed."""
    parent = os.getppid()
    # process 1 takes in orphans, and in a container it may be the starter itself
    while os.getppid() == parent and (parent != 1 or starter == 1):
        time.sleep(0.5)
    os._exit(1)


def _do(job: Job) -> str:
    origin = f'{job.inputs[0][1]} in {job.inputs[0][0]}'
    contents = [source.read(name) for source, name in job.inputs]
    try:
        result = job.convert(*contents)
    except UserError as error:
        raise UserError(f'{origin}: {error}') from error
    except Exception as error:
        raise UserError(
            f'{origin} cannot be converted ({type(error).__name__}: {error}). Get the file again.'
        ) from error
    for path, content in zip(job.outputs, result.files, strict=True):
        write_aside(path, content)
    return f'{origin}: {result.note}' if result.note else ''
