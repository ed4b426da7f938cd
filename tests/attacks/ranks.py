# SPDX-License-Identifier: Apache-2.0
"""FiniteHook in one of several processes, on losses that are given."""

import os
from types import SimpleNamespace

import torch
from mmengine.logging import MessageHub

from mmseg_im.engine import FiniteHook
from mmseg_im.errors import DivergedError


def ends(rank: int, world_size: int, port: int, losses: list[float], steps: int, answers) -> None:
    """Puts (rank, iteration, sentence) into a queue: after how many losses the hook ends it.

    Args:
        rank (int): Of this process.
        world_size (int): Number of processes.
        port (int): Where they meet.
        losses (list[float]): Of the iterations of this process.
        steps (int): Of the hook.
        answers (Queue): For the answer; iteration 0 if training does not end.
    """
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.distributed.init_process_group('gloo', rank=rank, world_size=world_size)
    hub = MessageHub('ranks')
    optimizer = SimpleNamespace(get_lr=lambda: dict(lr=[0.25]), clip_grad_kwargs=None)
    runner = SimpleNamespace(message_hub=hub, hooks=[], optim_wrapper=optimizer)
    hook = FiniteHook(steps)
    answer = (rank, 0, '')
    for runner.iter, loss in enumerate(losses):
        hub.update_scalar('train/loss', loss)
        try:
            hook.after_train_iter(runner, runner.iter, None, dict(loss=loss))
        except DivergedError as error:
            answer = (rank, runner.iter + 1, str(error))
            break
    answers.put(answer)
