# SPDX-License-Identifier: Apache-2.0
"""The bank against a queue in plain Python, in one process and in two."""

import socket
from collections import deque

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from mmseg_im.errors import UserError
from mmseg_im.methods.memory_bank import MemoryBank

CLASSES, SIZE, DIM, STEPS = 3, 7, 2, 5


def keys(step: int, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What a process brings in a step; class 1 brings nothing at all."""
    rng = torch.Generator().manual_seed(10 * step + rank)
    wanted = torch.rand(CLASSES, 3, generator=rng) < 0.6
    wanted[1] = False
    return torch.randn(CLASSES, 3, DIM, generator=rng), wanted


def queues(world_size: int) -> list[deque]:
    """Written from the definition: the last SIZE vectors of a class, ranks in order."""
    expected = [deque(maxlen=SIZE) for _ in range(CLASSES)]
    for step in range(STEPS):
        for rank in range(world_size):
            vectors, wanted = keys(step, rank)
            for c in range(CLASSES):
                expected[c].extend(tuple(v.tolist()) for v in vectors[c][wanted[c]])
    return expected


def compare(state: dict, expected: list[deque]) -> None:
    for c, queue in enumerate(expected):
        count = int(state['count'][c])
        assert count == len(queue)
        held = {tuple(v.tolist()) for v in state['vectors'][c, :count]}
        assert held == set(queue)


def fill(rank: int, bank: MemoryBank) -> None:
    for step in range(STEPS):
        bank.push(*keys(step, rank))


def test_one_process():
    bank = MemoryBank(CLASSES, SIZE, DIM)
    fill(0, bank)
    compare(bank.state_dict(), queues(1))
    copy = MemoryBank(CLASSES, SIZE, DIM)
    copy.load_state_dict(bank.state_dict())
    for b in (bank, copy):
        b.push(*keys(99, 0))
    assert torch.equal(bank.vectors[:, :SIZE], copy.vectors[:, :SIZE])
    drawn = bank.sample(20)
    for c in (0, 2):
        held = {tuple(v.tolist()) for v in bank.vectors[c, : int(bank.count[c])]}
        assert {tuple(v.tolist()) for v in drawn[c]} <= held
    assert not drawn[1].any()


def work(rank: int, port: int, folder: str) -> None:
    dist.init_process_group('gloo', f'tcp://127.0.0.1:{port}', rank=rank, world_size=2)
    bank = MemoryBank(CLASSES, SIZE, DIM)
    fill(rank, bank)
    torch.save(bank.state_dict(), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


def test_two_processes_hold_the_same_bank_with_the_vectors_of_both(tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(work, args=(port, str(tmp_path)), nprocs=2)
    first, second = (torch.load(tmp_path / f'{rank}.pth') for rank in range(2))
    compare(first, queues(2))
    for key in ('count', 'next'):
        assert torch.equal(first[key], second[key])
    assert torch.equal(first['vectors'][:, :SIZE], second['vectors'][:, :SIZE])


def test_more_vectors_than_the_bank_holds_are_refused():
    with pytest.raises(UserError, match='bank_size=2'):
        MemoryBank(CLASSES, 2, DIM).push(*keys(0, 0))
