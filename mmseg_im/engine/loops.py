# SPDX-License-Identifier: Apache-2.0
"""Validation of the student and of its teachers."""

import torch
from mmengine.logging import print_log
from mmengine.runner import autocast
from mmseg.registry import LOOPS
from torch import nn

from ..teachers.base import SelfTeacher
from ..teachers.frozen import FrozenTeacher
from .access import method_of
from .checked_loops import ValLoop


@LOOPS.register_module()
class TeacherStudentValLoop(ValLoop):
    """Validates each teacher of ``model.semi``, then the student.

    The student's metrics keep their names, so ``KeepBestHook(metric='mIoU')`` works; those of
    teacher i get the prefix ``teacher{i}/``. A frozen teacher is measured once, in the first
    validation of a run; a self teacher is the student. Hooks see one validation.
    """

    def __init__(self, runner, dataloader, evaluator, fp16: bool = False):
        super().__init__(runner, dataloader, evaluator, fp16)
        self._frozen_metrics: dict[str, dict] = {}

    def run(self) -> dict:
        """Validates all teachers, then the student.

        Returns:
            dict: Their metrics.
        """
        self.runner.call_hook('before_val')
        self.runner.call_hook('before_val_epoch')
        self.runner.model.eval()
        metrics = {}
        for name, teacher in self.teachers().items():
            metrics.update({f'{name}/{k}': v for k, v in self._measure(name, teacher).items()})
        print_log('Validation of the student:', logger='current')
        for index, data_batch in enumerate(self.dataloader):
            self.run_iter(index, data_batch)
        metrics = {**self.evaluator.evaluate(len(self.dataloader.dataset)), **metrics}
        self.runner.call_hook('after_val_epoch', metrics=metrics)
        self.runner.call_hook('after_val')
        return metrics

    def teachers(self) -> dict[str, nn.Module]:
        """Returns the teachers that have weights of their own, by the prefix of their metrics."""
        method = method_of(self.runner)
        return {
            f'teacher{i}': teacher
            for i, teacher in enumerate([] if method is None else method.teachers)
            if not isinstance(teacher, SelfTeacher)
        }

    @torch.no_grad()
    def _measure(self, name: str, teacher: nn.Module) -> dict:
        if name in self._frozen_metrics:
            return self._frozen_metrics[name]
        print_log(f'Validation of {name} ({type(teacher).__name__}):', logger='current')
        for data_batch in self.dataloader:
            with autocast(enabled=self.fp16):
                outputs = teacher.module.val_step(data_batch)
            self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        if isinstance(teacher, FrozenTeacher):
            self._frozen_metrics[name] = metrics
        return metrics
