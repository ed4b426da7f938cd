# SPDX-License-Identifier: Apache-2.0
"""SIGTERM and Ctrl-C end a tool in a sentence; children end with their parent."""

import multiprocessing
import os
import signal
import sys
import time

import pytest

from mmseg_im.errors import UserError, plain_errors
from mmseg_im.errors.signals import Terminated, end_children_with_us

FORK = multiprocessing.get_context('fork')


def stopped(name: str, how: str) -> None:
    """A tool that gets a signal, and code around it that makes something else of it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with plain_errors('Go on with --resume.'):
        try:
            os.kill(os.getpid(), getattr(signal, name))
        except BaseException as error:
            if how == 'twice':  # ``timeout`` sends it to the process and to its group
                os.kill(os.getpid(), getattr(signal, name))
            if how == 'swallowed':  # mmengine, while it writes a config
                raise SyntaxError('Failed to format the config file') from error
            if how == 'sentence':
                raise UserError('Stopped after 3 of 10 files.') from None
            raise


@pytest.mark.parametrize(('name', 'status'), [('SIGTERM', 143), ('SIGINT', 130)])
@pytest.mark.parametrize('how', ['plain', 'twice', 'swallowed', 'sentence'])
def test_a_sentence_and_a_status(name, status, how, capfd):
    process = FORK.Process(target=stopped, args=(name, how))
    process.start()
    process.join(60)
    output = ''.join(capfd.readouterr())
    assert process.exitcode == status
    assert 'Traceback' not in output
    text = 'Stopped after 3 of 10 files.' if how == 'sentence' else 'Go on with --resume.'
    assert output.count(text) == 1


def test_what_was_set_before_is_set_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with plain_errors():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert issubclass(Terminated, KeyboardInterrupt)  # who tidies up after Ctrl-C does so here


def sleep(began) -> None:
    began.set()
    time.sleep(60)


def test_a_forked_worker_dies_of_it_silently(capfd):
    began = FORK.Event()
    with plain_errors():
        worker = FORK.Process(target=sleep, args=(began,))
        worker.start()
        assert began.wait(30)  # Python forgets a signal that comes while it forks
        worker.terminate()
        worker.join()
    assert worker.exitcode in (143, -signal.SIGTERM)
    assert 'Traceback' not in ''.join(capfd.readouterr())


def run(pipe) -> None:
    end_children_with_us()
    worker = FORK.Process(target=time.sleep, args=(60,))
    worker.start()
    pipe.send(worker.pid)
    time.sleep(60)


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere torch ends its workers, in seconds')
def test_a_worker_ends_with_a_parent_that_is_killed():
    here, there = FORK.Pipe()
    parent = FORK.Process(target=run, args=(there,))
    parent.start()
    worker = here.recv()
    parent.kill()
    parent.join()
    until = time.monotonic() + 10
    while lives(worker):
        assert time.monotonic() < until
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
