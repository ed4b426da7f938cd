# SPDX-License-Identifier: Apache-2.0
"""Selects the weights that a network loads from a file, and refuses files that do not fit."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from mmengine.logging import print_log
from torch import Tensor, nn

from ..errors import UserError
from ..errors.wording import counted
from . import comparing as w
from .comparing import METHOD_PREFIX


class Use(NamedTuple):
    """The purpose for which weights are loaded, with its rules.

    Attributes:
        min_share (float): Share of file and network that must fit, see :meth:`Report.share`;
            below it the file is of another architecture.
        new_classes (bool): Whether the last layers may begin anew, for other classes.
        foreign_modules (bool): See :meth:`Report.share`.
        whole_modules (bool): Whether every module of the network must find weights.
        unused (tuple[str, ...]): Modules that need not fit.
        remedy (str): What to do about another architecture or other classes.
        prefix_remedy (str): What to do about a prefix ``{prefix!r}`` before all keys.
        part_remedy (str): What to do about a file of the module ``{part}`` alone.
    """

    min_share: float
    new_classes: bool
    foreign_modules: bool
    whole_modules: bool
    unused: tuple[str, ...]
    remedy: str
    prefix_remedy: str
    part_remedy: str


_PREFIX_IN_MODEL = (
    "set model.init_cfg=dict(type='Pretrained', checkpoint=..., prefix={prefix!r}) instead of "
    'load_from'
)
_PART_IN_MODEL = "set model.{part}.init_cfg=dict(type='Pretrained', checkpoint=...) instead"
PREDICT = Use(
    0.9, False, True, True, ('auxiliary_head',),
    'Name the config that the file was trained with.',
    'write the file with keys without it',
    'a network needs all of its parts to predict',
)  # fmt: skip
START = Use(
    0.75, True, False, False, (),
    'Name a file of this architecture; to take its backbone alone, set '
    "model.backbone.init_cfg=dict(type='Pretrained', checkpoint=..., prefix='backbone.') instead.",
    _PREFIX_IN_MODEL,
    _PART_IN_MODEL,
)  # fmt: skip
INIT = START._replace(
    remedy='Name a file of this architecture.',
    prefix_remedy='set prefix={prefix!r} in that init_cfg',
    part_remedy='move init_cfg from there to {part}',
)
RESUME = Use(
    1.0, False, True, True, (),
    'To begin a new run from these weights, name the file in load_from, without --resume and in '
    'another --work-dir.',
    _PREFIX_IN_MODEL,
    _PART_IN_MODEL,
)  # fmt: skip


def check(weights: Mapping[str, Tensor], network: nn.Module, name: str, use: Use) -> w.Report:
    """Compares the weights of a file with a network, for one use.

    Args:
        weights (Mapping[str, Tensor]): Of the file, see :func:`~.comparing.tensors_of`.
        network (nn.Module): That will load them.
        name (str): The file, and the config key that names it if there is one.
        use (Use): ``PREDICT``, ``START`` (``load_from``), ``INIT`` (``init_cfg``) or ``RESUME``.

    Returns:
        Report: Of the student alone, but for ``RESUME``.

    Raises:
        UserError: If the file is of another architecture or of other classes, or if weights that
            the network would load are not finite.
    """
    own = network.state_dict()
    left_out = use.unused if use is RESUME else (METHOD_PREFIX.rstrip('.'), *use.unused)
    theirs, ours = (
        {k: v for k, v in part.items() if isinstance(v, Tensor) and w.module_of(k) not in left_out}
        for part in (weights, own)
    )
    if not theirs:
        held = f'; it holds {_some(list(weights))}' if weights else ''
        raise UserError(f'{name} holds no weights of a network{held}. Name a checkpoint.')
    report = w.compare(theirs, ours)
    found = w.by_module(report.fitting)
    without = use.whole_modules and any(m not in found for m in w.by_module(report.of_network))
    inexact = use is RESUME and (report.missing or report.unexpected)
    little = report.share(use.foreign_modules) < use.min_share
    if little or report.differing or without or inexact:
        _refuse_architecture(theirs, ours, report, network, name, use)
    if report.classes and not use.new_classes:
        held, wanted = _classes(theirs, ours, report)
        raise UserError(
            f'{name} has {held} and the network {wanted} ({_layers(report)} of '
            f'{w.describe(network)}). {use.remedy}'
        )
    broken = w.not_finite({key: weights[key] for key in report.fitting}, network)
    if broken:
        raise UserError(
            f'{name} holds values that are not finite (NaN or infinite) in {len(broken)} of '
            f'{len(theirs)} weights, {_some(broken)}: its training has failed. Name an earlier '
            'checkpoint.'
        )
    return report


def fitted(
    weights: Mapping[str, Tensor], network: nn.Module, name: str, use: Use
) -> dict[str, Tensor]:
    """Returns what a network loads: the weights of a file, completed with its own.

    The method is taken as a whole, or its teachers begin anew from the student. The log says what
    begins anew.

    Args:
        weights (Mapping[str, Tensor]): See :func:`check`.
        network (nn.Module): See :func:`check`.
        name (str): See :func:`check`.
        use (Use): See :func:`check`.

    Returns:
        dict[str, Tensor]: A value for every key of the network and for no other.

    Raises:
        UserError: See :func:`check`.
    """
    report = check(weights, network, name, use)
    for level, sentence in _remarks(weights, report, network, name, use):
        print_log(sentence, logger='current', level=level)
    own = network.state_dict()
    method, held = (
        {key: value for key, value in part.items() if key.startswith(METHOD_PREFIX)}
        for part in (own, weights)
    )
    anew = bool(method) and (
        method.keys() != held.keys() or any(method[key].shape != held[key].shape for key in method)
    )
    if anew and held and use.new_classes:
        print_log(
            f'{name}: the method in it does not fit model.semi and begins anew, its EMA teachers '
            'as copies of the student.',
            logger='current',
            level=logging.WARNING,
        )
    return {
        key: value
        if (anew and key in method) or key not in weights or weights[key].shape != value.shape
        else weights[key]
        for key, value in own.items()
    }


def _remarks(weights, report: w.Report, network, name: str, use: Use) -> list[tuple[int, str]]:
    """Returns log levels and sentences about the weights that are not loaded."""
    remarks = []
    if report.classes:
        theirs, ours = _classes(weights, network.state_dict(), report)
        remarks.append((
            logging.WARNING,
            f'{name} has {theirs} and the network {ours}: the layers of the classes begin anew '
            f'({_layers(report)}), all else is taken from the file.',
        ))  # fmt: skip
    if report.missing:
        fate = 'begin anew' if use.new_classes else 'keep random values'
        remarks.append((
            logging.WARNING,
            f'{name} lacks {len(report.missing)} of the {len(report.of_network)} weights of the '
            f'network, which {fate}: {_of(report.missing, report.of_network)}.',
        ))  # fmt: skip
    if report.unexpected:
        modules = w.by_module(report.of_network)
        surprising = any(w.module_of(key) in modules for key in report.unexpected)
        counts = ', '.join(f'{m} {n}' for m, n in w.by_module(report.unexpected).items())
        remarks.append((
            logging.WARNING if surprising else logging.INFO,
            f'{name} holds {counted(len(report.unexpected), "weight")} that the network does not '
            f'have, passed over: {counts}.',
        ))  # fmt: skip
    return remarks


def _refuse_architecture(theirs, ours, report: w.Report, network, name: str, use: Use) -> None:
    found, part = w.prefixes(theirs, ours), w.part_of(theirs, network)
    remedy = use.remedy
    if found:
        remedy = (
            f'Its keys fit without the prefix {" or ".join(map(repr, found))}: '
            f'{use.prefix_remedy.format(prefix=found[0])}.'
        )
    elif part is not None:
        remedy = f'Its keys fit {part} alone: {use.part_remedy.format(part=part)}.'
    details = []
    if report.differing:
        key = report.differing[0]
        shapes = [tuple(part[key].shape) for part in (theirs, ours)]
        details.append(f'{key} is {shapes[0]} in the file and {shapes[1]} in the network')
    if report.unexpected:
        details.append(f'the file has {len(report.unexpected)} others, {_some(report.unexpected)}')
    raise UserError(
        f'{name} is of another architecture than the network of the config, '
        f'{w.describe(network)}: {len(report.fitting)} of its {len(report.of_network)} weights '
        f'fit ({_of(report.fitting, report.of_network)})'
        + ''.join(f'; {detail}' for detail in details)
        + f'. {remedy}'
    )


def _of(keys: list[str], all_keys: list[str]) -> str:
    """Counts keys by module, such as ``backbone 3 of 20, decode_head 0 of 4``."""
    counts, total = w.by_module(keys), w.by_module(all_keys)
    shown = {m: n for m, n in total.items() if len(total) < 6 or m in counts}
    return ', '.join(f'{m} {counts.get(m, 0)} of {n}' for m, n in shown.items()) or 'none'


def _classes(theirs, ours, report: w.Report) -> tuple[str, str]:
    """Returns such as ``('5 classes', '4')``; a single channel is no number of classes."""
    held, wanted = (len(part[report.classes[0]]) for part in (theirs, ours))
    return f'{held} {"channels" if 1 in (held, wanted) else "classes"}', str(wanted)


def _layers(report: w.Report) -> str:
    """Names the layers that differ in the number of classes."""
    return ', '.join(dict.fromkeys(key.rpartition('.')[0] for key in report.classes))


def _some(keys: list[str]) -> str:
    return f'such as {", ".join(keys[:3])}' if len(keys) > 3 else ', '.join(keys)
