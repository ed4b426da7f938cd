# SPDX-License-Identifier: Apache-2.0
"""Ends a training whose losses or weights are NaN or infinite."""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.optim import AmpOptimWrapper
from mmseg.registry import HOOKS

from ...checkpoints.not_finite import not_finite
from ...errors import DivergedError, UserError
from ..access import student_of


@HOOKS.register_module()
class FiniteHook(Hook):
    """Ends a training that has diverged, before its weights are written or validated.

    It ends when a loss is NaN or inf in ``steps`` iterations in a row, and when a weight, also of
    a teacher, is NaN or inf at the end of an epoch, before a checkpoint or before a validation. A
    single loss that overflows in fp16 is no reason: the gradient scaler skips that step. So the
    newest checkpoint of a run can always be resumed.

    Losses are read after mmengine has brought them to the host; all weights are checked in one
    read from the device. With several processes, which must end together, losses are compared every
    ``steps`` iterations.

    Args:
        steps (int): Iterations in a row.
    """

    priority = 'ABOVE_NORMAL'  # after mmengine has read the losses, before anything is saved

    def __init__(self, steps: int = 10):
        if steps < 1:
            raise UserError(f'FiniteHook: steps={steps} must be 1 or more.')
        self.steps = steps
        self.streak, self.first = 0, ''
        self.images: list[str] = []

    def before_train(self, runner) -> None:
        """Checks the weights that training begins with.

        Raises:
            DivergedError: If they are not finite.
        """
        self.streak, self.first, self.images = 0, '', []
        name = not_finite(student_of(runner))
        if name is not None:
            resumed = runner.message_hub.runtime_info.get('last_ckpt')
            source = runner._load_from or resumed or 'model.init_cfg'
            raise DivergedError(
                f'{name} holds NaN or inf before the first step: the weights come from {source}. '
                'Begin from others; to resume a run, take its files with such weights away.'
            )

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Counts iterations whose loss is not finite.

        Raises:
            DivergedError: If there were ``steps`` in a row, or weights that are about to be saved
                are not finite.
        """
        lost = next(_lost(runner, outputs or {}), None)
        self.streak = 0 if lost is None else self.streak + 1
        if not self.streak and not self.images:
            self.first = ''
        if self.streak == 1 and not self.images:
            self.first = f'The loss {lost} was NaN or inf from iteration {runner.iter + 1} on'
            self.images = list(_broken_images(data_batch))
        if self._must_end(runner.iter + 1):
            self._end(runner, self.first)
        if any(_saves_now(runner, hook) for hook in runner.hooks):
            self._check_weights(runner, runner.iter + 1)

    def _must_end(self, iteration: int) -> bool:
        # more steps do not repair an image
        streak = self.steps if self.images else self.streak
        if get_world_size() > 1:
            if iteration % self.steps:
                return False
            longest = torch.tensor(streak)
            all_reduce(longest, 'max')
            streak = int(longest)
        return streak >= self.steps

    def after_train_epoch(self, runner) -> None:
        """Checks the weights before they are saved."""
        self._check_weights(runner, runner.iter)

    def before_val(self, runner) -> None:
        """Checks the weights before they are validated, and perhaps kept as the best."""
        if runner.iter:  # 0 where a network is validated without training
            self._check_weights(runner, runner.iter)

    def _check_weights(self, runner, iteration: int) -> None:
        names = all_gather_object(not_finite(student_of(runner)))
        name = next((name for name in names if name is not None), None)
        if name is not None:
            self._end(runner, f'{name} holds NaN or inf after iteration {iteration}')

    def _end(self, runner, what: str) -> None:
        # all processes give the same reason: what one of them saw first
        images, first = max(all_gather_object((self.images, self.first)))
        if images:
            raise UserError(
                f'{first}: the image {images[0]} holds NaN or inf. Repair it or take it out of '
                f'the list.{_last_good(runner)}'
            )
        what = f'{first or what}: training has diverged.'
        raise DivergedError(f'{what} {_advice(runner)}{_last_good(runner)}')


def _lost(runner, outputs: dict) -> Iterator[str]:
    """Yields the names of the losses of this iteration that are not finite, their sum last."""
    for key in sorted(outputs, key='loss'.__eq__):
        # RuntimeInfoHook has put it there, as a number of Python
        read = runner.message_hub.log_scalars.get(f'train/{key}') if 'loss' in key else None
        if read is not None and not math.isfinite(read.current()):
            yield key


def _saves_now(runner, hook: Hook) -> bool:
    """Returns whether a hook writes a checkpoint after this iteration."""
    if not isinstance(hook, CheckpointHook) or hook.by_epoch:
        return False
    due = hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
    return due or (hook.save_last and hook.is_last_train_iter(runner))


def _broken_images(batch) -> Iterator[str]:
    """Yields the paths of images with NaN or inf in a batch that is still on the host."""
    if not isinstance(batch, dict) or not {'inputs', 'data_samples'} <= batch.keys():
        return
    inputs, samples = batch['inputs'], batch['data_samples']
    if not isinstance(inputs, dict):
        inputs, samples = {'': inputs}, {'': samples}
    for view, images in inputs.items():
        for image, sample in zip(images, samples[view], strict=True):
            if image.is_floating_point() and not image.isfinite().all():
                yield sample.metainfo.get('img_path', 'of the batch')


def _advice(runner) -> str:
    wrapper = runner.optim_wrapper
    remedies = ['a lower optim_wrapper.optimizer.lr']
    if not getattr(wrapper, 'clip_grad_kwargs', None):
        remedies.append('optim_wrapper.clip_grad.max_norm=1.0 to clip gradients')
    if isinstance(wrapper, AmpOptimWrapper) and wrapper.cast_dtype != torch.bfloat16:
        remedies.append('optim_wrapper.type=BFloat16OptimWrapper in place of fp16')
    return f'Try {" or ".join(remedies)}, with another --work-dir.'


def _last_good(runner) -> str:
    path = runner.message_hub.runtime_info.get('last_ckpt')
    if path is None or not Path(path).is_file():
        return ''
    return f' The last weights that are finite are in {path} (load_from={path} begins with them).'
