# SPDX-License-Identifier: Apache-2.0
"""The processes of a run: those that train together, and those that load data for them."""

from collections.abc import Callable

import torch
from mmengine import Config
from mmengine.device import get_device
from mmengine.dist import broadcast_object_list, init_dist, is_distributed, is_main_process
from mmengine.runner import Runner

from ..errors import UserError


def join_without_gpu(cfg: Config) -> None:
    """Lets the processes of torchrun find each other on a machine without an accelerator.

    mmengine asks for a CUDA device whatever the backend, and takes processes that are joined.

    Args:
        cfg (Config): ``launcher`` says whether there are several; changed in place.
    """
    if cfg.get('launcher') == 'pytorch' and get_device() == 'cpu':
        if not is_distributed():
            torch.distributed.init_process_group('gloo')
        as_mmengine = dict(
            type='MMDistributedDataParallel',
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
        cfg.model_wrapper_cfg = dict(cfg.get('model_wrapper_cfg') or as_mmengine, device_ids=None)


def join(cfg: Config) -> None:
    """Lets the processes that a config's ``launcher`` started find each other, once."""
    launcher = cfg.get('launcher', 'none')
    if launcher != 'none' and not is_distributed():
        init_dist(launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))


def on_main_process(action: Callable, share: bool = True):
    """Calls a function in the main process alone; an error of the user is raised in all.

    Args:
        action (Callable): Without arguments.
        share (bool): Whether to send its result to all processes; otherwise they get None.

    Returns:
        The result of the function.

    Raises:
        UserError, OSError: What the function raises; in the other processes a UserError with its
            text.
    """
    result, problem = None, None
    if is_main_process():
        try:
            result = action()
        except (UserError, OSError) as error:
            problem = error
    message = [problem if problem is None else str(problem), result if share else None]
    broadcast_object_list(message)
    if problem is not None:
        raise problem
    if message[0] is not None:
        raise UserError(message[0])
    return message[1] if share else result


def stop_workers(runner: Runner) -> None:
    """Ends the processes that load data for a Runner.

    Otherwise the garbage collector closes a loader's queues before it tells its workers to stop,
    and then waits five seconds for each loader.
    """
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        loader = getattr(loop, 'dataloader', None)  # a loop that was not built is a dict
        if loader is not None:
            loader._iterator = None
