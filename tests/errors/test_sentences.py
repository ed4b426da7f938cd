# SPDX-License-Identifier: Apache-2.0
"""Errors stay sentences, also where another process raised them."""

import pytest
from torch.utils.data import DataLoader, Dataset

from mmseg_im.errors import MissingFileError, UserError, loading_problem, plain_errors


class Broken(Dataset):
    def __init__(self, error: Exception):
        self.error = error

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int):
        try:
            raise KeyError('what the reader raised')
        except KeyError as error:
            raise self.error from error


@pytest.mark.parametrize('cls', [UserError, MissingFileError])
@pytest.mark.parametrize('workers', [0, 1])
def test_sentence_of_a_worker_is_all_that_is_said(cls, workers):
    text = 'a.png cannot be decoded. Replace the file.'
    loader = DataLoader(Broken(cls(text)), num_workers=workers)
    with pytest.raises(cls) as raised:
        next(iter(loader))
    assert str(raised.value) == text
    with pytest.raises(SystemExit) as ended, plain_errors():
        next(iter(loader))
    assert ended.value.code == f'error: {text}'


def test_other_errors_pass():
    for error in (RuntimeError('CUDA out of memory'), KeyError('x'), ValueError('y')):
        with pytest.raises(type(error)), plain_errors():
            raise error


@pytest.mark.parametrize(
    'text, said',
    [
        ('DataLoader worker (pid 17) is killed by signal: Killed. ', 'pid 17) was killed: Killed.'),
        ('DataLoader worker (pid(s) 17, 18) exited unexpectedly', '(pid 17, 18) ended.'),
        (
            'DataLoader worker (pid 5) is killed by signal: Bus error. It is possible that '
            "dataloader's workers are out of shared memory. Please try to raise your shared memory "
            'limit.',
            '/dev/shm',
        ),
        ('unable to open shared memory object </torch_1_2_3> in read-write mode', '/dev/shm'),
        ('unable to write to file </torch_1_2_3>: No space left on device (28)', '/dev/shm'),
        ('received 0 items of ancdata', 'ulimit -n'),
        ('unable to open shared memory object </torch_1>: Too many open files (24)', 'ulimit -n'),
    ],
)
def test_what_happened_to_the_processes_that_load_data(text, said):
    sentence = loading_problem(text)
    assert said in sentence and 'num_workers' in sentence and '--resume' in sentence


@pytest.mark.parametrize('text', ['', 'CUDA error: device-side assert', 'No space left on device'])
def test_other_texts_are_left_alone(text):
    assert loading_problem(text) is None
