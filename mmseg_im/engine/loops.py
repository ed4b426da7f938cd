# SPDX-License-Identifier: Apache-2.0
"""Validation of the student, of its teachers and of the networks trained beside it."""

import torch
from mmengine.logging import print_log
from mmengine.runner import autocast
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import LOOPS

from ..teachers.base import SelfTeacher, Teacher
from ..teachers.frozen import FrozenTeacher
from .access import method_of
from .checked_loops import ValLoop


@LOOPS.register_module()
class TeacherStudentValLoop(ValLoop):
    """Validates each teacher and each further network of ``model.semi``, then the student.

    The student's metrics keep their names, so ``KeepBestHook(metric='mIoU')`` works; those of
    teacher i get the prefix ``teacher{i}/``, those of a network its name, such as ``senior/``. A
    frozen teacher is measured once, in the first validation of a run; a self teacher is the
    student. Hooks see one validation.
    """

    def __init__(self, runner, dataloader, evaluator, fp16: bool = False):
        super().__init__(runner, dataloader, evaluator, fp16)
        self._frozen_metrics: dict[str, dict] = {}  # of teachers that never change

    def run(self) -> dict:
        """Validates all teachers, then the student.

        Returns:
            dict: Their metrics.
        """
        self.runner.call_hook('before_val')
        self.runner.call_hook('before_val_epoch')
        self.runner.model.eval()
        metrics = {}
        for name, network in self.networks().items():
            found = self._frozen_metrics.get(name) or self._measure(name, network)
            metrics.update({f'{name}/{k}': v for k, v in found.items()})
        print_log('Validation of the student:', logger='current')
        for index, data_batch in enumerate(self.dataloader):
            self.run_iter(index, data_batch)
        metrics = {**self.evaluator.evaluate(len(self.dataloader.dataset)), **metrics}
        self.runner.call_hook('after_val_epoch', metrics=metrics)
        self.runner.call_hook('after_val')
        return metrics

    def networks(self) -> dict[str, Teacher | BaseSegmentor]:
        """Teachers with weights of their own, and networks beside the student, by prefix."""
        method = method_of(self.runner)
        if method is None:
            return {}
        teachers = {
            f'teacher{i}': teacher
            for i, teacher in enumerate(method.teachers)
            if not isinstance(teacher, SelfTeacher)
        }
        return {**teachers, **method.networks}

    @torch.no_grad()
    def _measure(self, name: str, network: Teacher | BaseSegmentor) -> dict:
        print_log(f'Validation of {name} ({type(network).__name__}):', logger='current')
        segmentor = network.module if isinstance(network, Teacher) else network
        for data_batch in self.dataloader:
            with autocast(enabled=self.fp16):
                outputs = segmentor.val_step(data_batch)
            self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        if isinstance(network, FrozenTeacher):
            self._frozen_metrics[name] = metrics
        return metrics
