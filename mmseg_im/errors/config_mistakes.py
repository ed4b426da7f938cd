# SPDX-License-Identifier: Apache-2.0
"""Sentences for mistakes in a config that mmengine's registry meets: options and types."""

import inspect
import re
import traceback
from types import FrameType

from mmengine.registry.build_functions import build_from_cfg

from .wording import did_you_mean

BUILDING = build_from_cfg.__code__
UNKNOWN = re.compile(r"got an unexpected keyword argument '(\w+)'")
MISSING = re.compile(r'missing \d+ required (?:positional|keyword-only) arguments?: (.*)')


def config_problem(error: BaseException) -> str | None:
    """Returns what is wrong with a config, if a registry could not build what it describes.

    Args:
        error (BaseException): A TypeError of a class that was called with the options of a config,
            or a KeyError of a registry.

    Returns:
        str: A sentence; None if the error is of another kind, such as one within a class.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    building = next((frame for frame in reversed(frames) if frame.f_code is BUILDING), None)
    if building is None:
        return None
    if isinstance(error, KeyError):
        return _unknown_type(building) if frames[-1] is building else None
    return _unfit_options(str(error), building, frames[-1])


def _unknown_type(building: FrameType) -> str | None:
    name, registry = (building.f_locals.get(key) for key in ('obj_type', 'registry'))
    if not isinstance(name, str) or registry is None:
        return None
    known, above = set(), registry
    while above is not None:
        known |= set(above.module_dict)
        above = above.parent
    return (
        f'type={name!r} of the config is registered nowhere as {registry.name}.'
        f'{did_you_mean(name, known)} Correct it, or name its module in custom_imports.'
    )


def _unfit_options(text: str, building: FrameType, last: FrameType) -> str | None:
    cls, options = building.f_locals.get('obj_cls'), building.f_locals.get('args') or {}
    if not inspect.isclass(cls):
        return None
    here = last is building or (  # or a class that hands its options on
        last.f_code.co_name == '__init__' and isinstance(last.f_locals.get('self'), cls)
    )
    unknown, missing = UNKNOWN.search(text), MISSING.search(text)
    where = f'Correct it where the config has type={cls.__name__!r}.'
    if here and unknown and unknown[1] in options:
        known = [name for one in cls.__mro__[:-1] for name in inspect.signature(one).parameters]
        return (
            f'{cls.__name__} has no option {unknown[1]}.{did_you_mean(unknown[1], known)} {where}'
        )
    if last is building and missing:
        return f'{cls.__name__} cannot do without the option {missing[1]}. {where}'
    return None
