# SPDX-License-Identifier: Apache-2.0
"""Checks what mmengine's Runner reads from a checkpoint, beside weights, to resume."""

import functools
import inspect
import itertools
import os
from collections.abc import Callable

import torch
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import Tensor
from torch.optim import Optimizer

from ..errors import MissingFileError, UserError

_NUMBER = (int, float)
_MOST_KEPT = 1000  # numbers of checkpoints, and milestones of a schedule
_LARGEST = 10**9  # steps: powers of whole numbers are computed exactly, whatever their size


def guard_resume() -> None:
    """Makes every ``Runner.resume`` of mmengine check the checkpoint before and after it is used.

    mmengine copies a scheduler's attributes from the file, indexes what may be missing, and deletes
    the file or folder that the message hub calls the last best checkpoint.
    """
    if not hasattr(Runner.resume, '__wrapped__'):
        Runner.resume = _guarded(Runner.resume)


def _guarded(resume: Callable) -> Callable:
    @functools.wraps(resume)
    def guarded(runner: Runner, filename: str, *args, **kwargs) -> None:
        hook = _CheckHook(filename)
        runner.register_hook(hook, 'VERY_HIGH')
        try:
            resume(runner, filename, *args, **kwargs)
            _check_optimizers(runner)
            try_schedulers(runner.param_schedulers)
        except (UserError, MissingFileError):
            raise
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            AssertionError,
            ArithmeticError,
            RuntimeError,  # NotImplementedError, too
        ) as error:
            reason = f'{type(error).__name__}: {error}' if str(error) else type(error).__name__
            raise UserError(
                f'{filename} cannot be resumed: {" ".join(reason.split())[:300]}. Resume with the '
                'config that it was written with, or begin from its weights with load_from.'
            ) from error
        finally:
            runner.hooks.remove(hook)

    return guarded


class _CheckHook(Hook):
    def __init__(self, filename: str):
        self.filename = filename

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        meta, hub = checkpoint.get('meta') or {}, checkpoint.get('message_hub') or {}
        missing = [f'meta.{key}' for key in ('epoch', 'iter') if key not in meta]
        missing += [] if hub else ['message_hub']
        if missing:
            raise UserError(
                f'{self.filename} cannot be resumed: it has no {" and no ".join(missing)}. Resume '
                'a checkpoint of a training run, or begin from these weights with load_from.'
            )
        _forget_files_elsewhere(hub['runtime_info'], self.filename, runner.work_dir)
        _check_schedulers(runner.param_schedulers, checkpoint.get('param_schedulers'))
        loop, done = runner.train_loop, meta['iter']
        # mmengine would load a batch for each iteration that is done
        if isinstance(loop, IterBasedTrainLoop) and done > loop.max_iters:
            raise ValueError(f'it was trained for {done} iterations, of {loop.max_iters} at most')
        settings = checkpoint.get('optimizer', {}).get('base_param_settings', {})
        if not isinstance(settings, dict):
            raise ValueError('optimizer.base_param_settings is no dict')
        scaler = checkpoint.get('optimizer', {}).get('loss_scaler', {})
        if not all(isinstance(value, _NUMBER) for value in scaler.values()):
            raise ValueError('optimizer.loss_scaler holds something else than numbers')


def _forget_files_elsewhere(info: dict, filename: str, work_dir: str) -> None:
    """Removes paths and numbers of checkpoints that mmengine would delete, but those of this run.

    Args:
        info (dict): Runtime information of a message hub; changed in place.
        filename (str): The checkpoint that is resumed.
        work_dir (str): Of the run; a file from elsewhere says nothing of its checkpoints.
    """
    folder = os.path.dirname(os.path.abspath(filename))
    own = folder == os.path.abspath(work_dir)
    for key in [key for key in info if key.startswith('best_ckpt')]:
        path = info[key]
        beside = isinstance(path, str) and os.path.dirname(os.path.abspath(path)) == folder
        name = os.path.basename(path) if beside else ''
        if not (own and name.startswith('best_') and name.endswith('.pth')):
            info[key] = None
    steps = info.get('keep_ckpt_ids', [])
    if not (isinstance(steps, list) and all(type(step) is int for step in steps)):
        raise ValueError('message_hub.runtime_info.keep_ckpt_ids is no list of whole numbers')
    if steps and not (own and len(steps) <= _MOST_KEPT):
        info['keep_ckpt_ids'] = []


def _check_schedulers(ours, theirs) -> None:
    """Compares the states of schedulers in a file with those of the run, item by item."""
    if theirs is None or ours is None:
        return
    if type(ours) is not type(theirs):
        raise ValueError('param_schedulers has another shape than that of the config')
    if isinstance(ours, dict):
        for name in ours:
            _check_schedulers(ours[name], theirs[name])
        return
    for scheduler, state in zip(ours, theirs, strict=False):
        if isinstance(scheduler, dict):  # not built yet
            continue
        own = scheduler.state_dict()
        for key, value in state.items():
            alien = key not in own and hasattr(scheduler, key)
            renamed = isinstance(own.get(key), str) and own[key] != value
            if alien or renamed or (key in own and not is_alike(own[key], value)):
                raise ValueError(f'param_schedulers has an unexpected value under {key!r}')
            if isinstance(value, dict) and not all(n <= _MOST_KEPT for n in value.values()):
                raise ValueError(f'param_schedulers has an unexpected value under {key!r}')
            if key in own:
                state[key] = as_float(own[key], value)


def try_schedulers(schedulers) -> None:
    """Computes the next values of schedulers, which fails where a length from the file is zero."""
    if isinstance(schedulers, dict):
        schedulers = itertools.chain.from_iterable(schedulers.values())
    for scheduler in schedulers or ():
        scheduler._get_value()


def _check_optimizers(runner: Runner) -> None:
    wrappers = runner.optim_wrapper
    wrappers = wrappers.values() if hasattr(wrappers, 'optim_wrappers') else [wrappers]
    for wrapper in wrappers:
        if isinstance(getattr(wrapper, 'optimizer', None), Optimizer):
            check_optimizer(wrapper.optimizer)


def check_optimizer(optimizer: Optimizer) -> None:
    """Checks an optimiser that has loaded a state: kinds of settings, names and shapes of values.

    Raises:
        ValueError: If its next step would fail.
    """
    for group in optimizer.param_groups:
        for key, default in optimizer.defaults.items():
            if not is_alike(default, group.get(key)):
                raise ValueError(f'optimizer.param_groups has an unexpected value under {key!r}')
        for key, default in optimizer.defaults.items():
            group[key] = as_float(default, group.get(key))
            if default is None or type(default) is bool:  # kernels are chosen by the config
                group[key] = default
    expected = _state_of_one(optimizer)
    for parameter, state in optimizer.state.items():
        if not isinstance(parameter, Tensor):
            raise ValueError(
                f'optimizer.state has {parameter!r}, which is no weight of the network'
            )
        if not isinstance(state, dict) or (state and expected.keys() - set(state)):
            raise ValueError(f'optimizer.state lacks one of {", ".join(sorted(expected))}')
        for key, value in state.items():
            is_step = expected.get(key, isinstance(value, _NUMBER))
            fits = _is_scalar(value) if is_step else _has_shape(value, parameter)
            if not fits and not (value is None and key not in expected):
                raise ValueError(f'optimizer.state has {key!r} of another shape than its weight')
            if is_step and isinstance(value, Tensor) and not value.is_floating_point():
                state[key] = value.float()


def _is_scalar(value) -> bool:
    return isinstance(value, _NUMBER) or (isinstance(value, Tensor) and value.shape == ())


def _has_shape(value, parameter: Tensor) -> bool:
    return isinstance(value, Tensor) and value.shape == parameter.shape


def _state_of_one(optimizer: Optimizer) -> dict[str, bool]:
    """Returns the names of an optimiser's state of one weight, and whether each is one number.

    Found out with a step on a weight of two values: kernels do not check sizes.
    """
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.zeros(2)
    known = inspect.signature(type(optimizer)).parameters
    settings = {key: value for key, value in optimizer.defaults.items() if key in known}
    try:
        probe = type(optimizer)([weight], **settings)
        probe.step()
    except Exception:  # the user's optimiser may need other arguments: nothing is known
        return {}
    return {key: _is_scalar(value) for key, value in probe.state[weight].items()}


def as_float(own, value):
    """Returns whole numbers as floats where the run's own are: their powers can be endless.

    Raises:
        ValueError: If a whole number is larger than any number of steps.
    """
    if isinstance(own, list | tuple) and isinstance(value, list | tuple) and own:
        return type(own)(as_float(*pair) for pair in zip(own, value, strict=True))
    if type(value) is int and abs(value) > _LARGEST:
        raise ValueError(f'a setting is {str(value)[:20]}, which is no number of steps')
    return float(value) if type(own) is float and type(value) is int else value


def is_alike(own, value) -> bool:
    """Returns whether a loaded value has the type of the run's own.

    None goes with flags and numbers: the default of settings that differ between versions.
    """
    if own is None or value is None:
        return own is value or type(own) is bool or isinstance(value, bool | int | float)
    if isinstance(own, list | tuple):
        same = isinstance(value, list | tuple) and (not own or len(own) == len(value))
        return same and all(map(is_alike, own, value))
    if isinstance(own, dict):
        return isinstance(value, dict)
    if isinstance(own, Tensor) or isinstance(value, Tensor):
        return all(isinstance(one, _NUMBER) or _is_number(one) for one in (own, value))
    if isinstance(own, bool) or isinstance(value, bool):
        return type(own) is type(value)
    return isinstance(value, _NUMBER) if isinstance(own, _NUMBER) else type(own) is type(value)


def _is_number(value) -> bool:
    tensor = isinstance(value, Tensor) and value.numel() == 1
    return tensor and value.dtype != torch.bool and not value.is_complex()
