# SPDX-License-Identifier: Apache-2.0
"""``torch.compile`` for the networks of a semi-supervised run."""

import torch
from mmengine.hooks import Hook
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import HOOKS
from torch import nn

from ..access import student_of


@HOOKS.register_module()
class CompileHook(Hook):
    """Compiles backbone, neck and heads of the student and of every teacher before training.

    mmengine's ``cfg.compile`` compiles the whole training step, in which the momentum of an EMA is
    a new number each time: torch recompiles until it gives up. Here the losses, the mask and the
    teachers' updates stay as they are, and checkpoints keep their keys.

    Args:
        **options: Of :func:`torch.compile`, such as ``mode='max-autotune-no-cudagraphs'``.
    """

    priority = 'VERY_LOW'  # after all hooks that copy the model

    def __init__(self, **options):
        self.options = options

    def before_train(self, runner) -> None:
        compile_networks(student_of(runner), **self.options)


def compile_networks(model: nn.Module, **options) -> None:
    """Compiles the parts of each segmentor in a model, in place.

    Args:
        model (nn.Module): A SemiSegmentor, its teachers among its modules.
        **options: Of :func:`torch.compile`.
    """
    for segmentor in model.modules():
        if isinstance(segmentor, BaseSegmentor):
            for part in parts_of(segmentor):  # heads are called as head.forward(...)
                part.forward = torch.compile(part.forward, **options)


def parts_of(segmentor: BaseSegmentor) -> list[nn.Module]:
    """Returns backbone, neck and all heads of a segmentor."""
    found = []
    for name in ('backbone', 'neck', 'decode_head', 'auxiliary_head'):
        part = getattr(segmentor, name, None)
        if part is not None:
            found += list(part) if isinstance(part, nn.ModuleList) else [part]
    return found
