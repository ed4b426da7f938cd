# SPDX-License-Identifier: Apache-2.0
"""Names that a checkpoint may use, and inert objects that stand for them while it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import torch

ORDERED_DICT = 'collections.OrderedDict'
HISTORY = 'mmengine.logging.history_buffer.HistoryBuffer'
DTYPES = dict(
    Float=torch.float32, Double=torch.float64, Half=torch.float16, BFloat16=torch.bfloat16,
    Long=torch.int64, Int=torch.int32, Short=torch.int16, Char=torch.int8, Byte=torch.uint8,
    Bool=torch.bool, ComplexFloat=torch.complex64, ComplexDouble=torch.complex128,
)  # fmt: skip
STORAGES = frozenset(f'torch.{kind}Storage' for kind in DTYPES)
CALLED = frozenset(
    [
        'torch._utils._rebuild_tensor_v2',
        'torch._utils._rebuild_tensor',
        'torch._utils._rebuild_parameter',
        ORDERED_DICT,
        'collections.Counter',
        '_codecs.encode',
        # Protocol 2 writes __builtin__; NumPy 1 names numpy.core, NumPy 2 numpy._core.
        *(
            f'{module}.{name}'
            for module in ('__builtin__', 'builtins')
            for name in ('bytes', 'getattr', 'set')
        ),
        'numpy.dtype',
        *(
            f'numpy.{core}.multiarray.{name}'
            for core in ('core', '_core')
            for name in ('_reconstruct', 'scalar')
        ),
    ]
)  # fmt: skip
ALLOWED = CALLED | STORAGES | {HISTORY, 'numpy.ndarray'}
_PLAIN = (type(None), bool, int, float, str)
_MAX_KEY = 2**31  # whole numbers beyond it can be chosen so that all have one hash
# Numbers can be chosen so that a dict looks at all its keys for each; hashes of texts are secret.
MAX_NUMBERED = 10_000  # keys of a file that are no texts: an optimiser numbers its weights


class UnreadableError(ValueError):
    """Why a file cannot be read as a checkpoint: a reason without the file's name."""


class ForbiddenNameError(UnreadableError):
    """The file asks for functions or classes that no checkpoint needs."""


@dataclass(frozen=True, slots=True)
class Name:
    """Stands in for a function or class that a file names."""

    name: str


@dataclass(eq=False, slots=True)
class Call:
    """Stands in for what a call would return.

    Attributes:
        name (str): What the file calls; of an object made without a call its class.
        args (tuple): Inert arguments.
        state: Inert state that the file gives to the result; None unless it gives one.
    """

    name: str
    args: tuple
    state: object = None


class OrderedItems(dict):
    """Stands in for an OrderedDict, whose attributes a file can set."""

    state: Any = None


@dataclass(eq=False, slots=True)
class Stored:
    """Stands in for a storage, numbers that lie outside the pickle.

    Attributes:
        pid: What the file says: ``('storage', type, key, location, number of values)``.
    """

    pid: object


def attempt(step: Callable):
    """Calls a step of reading; whatever a damaged file makes it raise becomes one kind of error.

    Raises:
        UnreadableError: If the step raises anything.
    """
    try:
        return step()
    except UnreadableError:
        raise
    except Exception as error:
        text = ' '.join(str(error).split())
        reason = f'{type(error).__name__}: {text[:200]}' if text else type(error).__name__
        raise UnreadableError(f'it is damaged ({reason})') from error


def is_key(value) -> bool:
    """Returns whether a value may be a key of a dict or a member of a set.

    Names, None, flags, whole numbers that are not large, and short tuples of these: Python's hash
    of deeply nested tuples overflows the stack, and of freely chosen numbers collides, which takes
    hours.
    """
    if type(value) is tuple:
        return len(value) <= 4 and all(type(one) is not tuple and is_key(one) for one in value)
    if type(value) is int:
        return 0 <= value < _MAX_KEY
    return value is None or type(value) in (bool, str)


def shown(value) -> str:
    """Returns a plain value as text for a message; ``...`` for containers, which can be huge."""
    if type(value) is str:
        return repr(value[:40])[:40]  # not of all of it: a file can name the same text many times
    return repr(value)[:40] if type(value) in _PLAIN else '...'


def refuse_call(call: Call) -> NoReturn:
    """Raises the error for a call with arguments or a state that no checkpoint has.

    Raises:
        UnreadableError: Always.
    """
    form = f'{call.name}({", ".join(map(shown, call.args[:5]))})'[:200]
    raise UnreadableError(f'it asks for {form} in a form that no checkpoint has')
