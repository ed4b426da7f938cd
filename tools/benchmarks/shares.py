# SPDX-License-Identifier: Apache-2.0
"""In which part of a training step the time goes, from torch's profiler."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from mmseg.models.segmentors.base import BaseSegmentor
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from mmseg_im.engine.hooks.compile import parts_of

PARTS = ('teachers', 'student', 'losses', 'EMA', 'optimiser')
NODE = 'autograd::engine::evaluate_function'
STEP = 'mmseg_im: step'


def part_of_step(name: str) -> AbstractContextManager:
    """A range of the profile that counts as a part of the step; the outermost range counts."""
    return record_function(f'mmseg_im: {name}')


def mark_parts(model: nn.Module, optim: object) -> None:
    """Has student, teachers, EMA and optimiser record their ranges, in place.

    Args:
        model (nn.Module): A SemiSegmentor.
        optim (OptimWrapper): Its optimiser.
    """
    teachers = [] if model.semi is None else list(model.semi.teachers)
    of_teachers = {id(module) for teacher in teachers for module in teacher.modules()}
    for segmentor in model.modules():
        if not isinstance(segmentor, BaseSegmentor):
            continue
        part = 'teachers' if id(segmentor) in of_teachers else 'student'
        for network in parts_of(segmentor):
            _mark(network, 'forward', part)
    for teacher in teachers:  # also one that is the student itself
        _mark_votes(teacher)
    if model.semi is not None:
        _mark(model.semi, 'update_teachers', 'EMA')
    _mark(optim, 'step', 'optimiser')
    _mark(optim, 'zero_grad', 'optimiser')


def _mark(owner: object, method: str, name: str) -> None:
    original = getattr(owner, method)

    def marked(*args, **kwargs):
        with part_of_step(name):
            return original(*args, **kwargs)

    setattr(owner, method, marked)


def _mark_votes(teacher: nn.Module) -> None:
    original = teacher.vote

    def marked(*args, **kwargs) -> Iterator[torch.Tensor]:
        votes = original(*args, **kwargs)
        while True:
            with part_of_step('teachers'):
                logits = next(votes, None)
            if logits is None:
                return
            yield logits

    teacher.vote = marked


def shares(step: Callable[[], None], repeats: int = 3) -> dict[str, float]:
    """Share of each of :data:`PARTS` in the time of a step whose parts were marked.

    Time of the device if there is one, else of the processor. The backward pass of an operation
    counts where its forward pass lies; what lies in no range is a loss: softmax and cross entropy,
    resizing of logits, voting, mask, mixing of images, mmseg's accuracy.

    Args:
        step (Callable): Makes one training step.
        repeats (int): Steps to profile.
    """
    step()  # networks that were compiled are compiled anew after they were marked
    cuda = torch.cuda.is_available()
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    with profile(activities=kinds) as profiler:
        for _ in range(repeats):
            with record_function(STEP):
                step()
    events = [event for event in profiler.events() if event.device_type.name == 'CPU']
    forward = {}
    for event in events:
        if event.sequence_nr >= 0 and not _chain(event, NODE):
            forward[event.sequence_nr] = _range(event)  # the last one has made the node
    spent = dict.fromkeys(PARTS, 0.0)
    for event in events:
        time = event.self_device_time_total if cuda else event.self_cpu_time_total
        nodes = _chain(event, NODE)
        if not nodes and not _chain(event, STEP):
            continue
        if nodes and 'AccumulateGrad' in nodes[-1].name:
            part = 'student'
        elif nodes:
            part = forward.get(nodes[-1].sequence_nr, 'losses')
        else:
            part = _range(event)
        spent[part] += time
    total = sum(spent.values())
    return {part: time / total for part, time in spent.items()}


def _chain(event, name: str) -> list:
    """The event and its ancestors with a name that begins so, the outermost last."""
    found = []
    while event is not None:
        if event.name.startswith(name):
            found.append(event)
        event = event.cpu_parent
    return found


def _range(event) -> str:
    """The outermost part of the step around an event."""
    names = [one.name.partition(': ')[2] for one in _chain(event, 'mmseg_im: ')]
    return next((name for name in reversed(names) if name in PARTS), 'losses')
