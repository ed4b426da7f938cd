# SPDX-License-Identifier: Apache-2.0
"""NumPy's arrays, scalars and dtypes, and mmengine's HistoryBuffer, from their inert forms."""

import math
from typing import Any, Literal

import numpy as np
from mmengine.logging import HistoryBuffer

from .inert import HISTORY, Call, Name, UnreadableError, refuse_call, shown

MAX_DIMENSIONS = 16
NUMBERS = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8')
STATISTICS = ('min', 'max', 'mean', 'current')


class ArrayReader:
    """Makes arrays of a checkpoint by copying their bytes.

    Args:
        size (int): Bytes of the pickle. Each byte of an array stands in it once, so that arrays
            that together have more are an attack on the memory.
    """

    def __init__(self, size: int):
        self.bytes_left = size

    def text(self, node) -> bytes:
        """Returns bytes, which protocol 2 writes as a text of the characters 0 to 255."""
        if type(node) is not Call or node.state is not None:
            raise UnreadableError('it has something else where bytes belong')
        if node.name.endswith('.bytes') and node.args == ():
            return b''
        if node.name != '_codecs.encode' or len(node.args) != 2:
            return refuse_call(node)
        if type(node.args[0]) is not str or node.args[1] != 'latin1':
            return refuse_call(node)
        self.bytes_left -= len(node.args[0])
        if self.bytes_left < 0:
            raise UnreadableError('it repeats the same bytes many times')
        return node.args[0].encode('latin1')

    def scalar(self, call: Call) -> Any:
        """Returns a number with a dtype."""
        if len(call.args) != 2 or call.state is not None:
            refuse_call(call)
        return _copy(_dtype(call.args[0]), (), self.text(call.args[1]), False)[()]

    def array(self, call: Call) -> np.ndarray:
        """Returns an array from the one form of NumPy's pickles."""
        if len(call.args) != 3 or call.args[:2] != (Name('numpy.ndarray'), (0,)):
            refuse_call(call)
        state = call.state
        if self.text(call.args[2]) != b'b' or type(state) is not tuple or len(state) != 5:
            refuse_call(call)
        version, shape, dtype, fortran, content = state
        if version != 1 or not are_whole(shape) or type(fortran) is not bool:
            refuse_call(call)
        return _copy(_dtype(dtype), shape, self.text(content), fortran)


def history(state) -> HistoryBuffer:
    """Returns a log of mmengine with mmengine's own statistics, whatever the file names.

    Args:
        state (dict): Inert, but for the two arrays.
    """
    first, second = state.get('_log_history'), state.get('_count_history')
    length, methods = state.get('max_length'), state.get('statistics_methods', {})
    if (
        not set(state) <= {'max_length', '_log_history', '_count_history', 'statistics_methods'}
        or not isinstance(first, np.ndarray)
        or not isinstance(second, np.ndarray)
        or not first.ndim == second.ndim == 1
        or not len(first) == len(second) > 0
        or type(length) is not int
        or not len(first) <= length < 2**31
        or type(methods) is not dict
        or not all(map(_is_statistic, methods.items()))
    ):
        raise UnreadableError('it holds a HistoryBuffer of an unknown form')
    buffer = HistoryBuffer(max_length=length)
    buffer._log_history, buffer._count_history = first, second
    return buffer


def _is_statistic(item: tuple) -> bool:
    """Returns whether an item is such as ``'mean'``, ``getattr(HistoryBuffer, 'mean')``."""
    name, method = item
    if type(method) is not Call or not method.name.endswith('.getattr') or len(method.args) != 2:
        return False
    owner, attribute = method.args
    if owner != Name(HISTORY) or attribute not in STATISTICS:
        raise UnreadableError(f'it asks for getattr(..., {shown(attribute)})')
    return method.state is None and name == attribute


def _dtype(node) -> np.dtype:
    """Returns a dtype of numbers from the one form of NumPy's pickles."""
    if type(node) is not Call or node.name != 'numpy.dtype' or len(node.args) != 3:
        raise UnreadableError('it has something else where a dtype belongs')
    name, state = node.args[0], node.state
    if type(name) is not str or name not in NUMBERS:
        raise UnreadableError(f'it asks for numpy.dtype({shown(name)}); only numbers are read')
    order = state[1] if type(state) is tuple and len(state) == 8 else None
    if node.args[1:] != (False, True) or order not in ('<', '>', '|'):
        return refuse_call(node)
    if state != (3, order, None, None, None, -1, -1, 0):
        return refuse_call(node)
    return np.dtype(name).newbyteorder(order)


def _copy(dtype: np.dtype, shape: tuple, content: bytes, fortran: bool) -> np.ndarray:
    """Returns an array of exactly these bytes, in the byte order of this machine."""
    order: Literal['C', 'F'] = 'F' if fortran else 'C'
    if math.prod(shape) * dtype.itemsize != len(content):
        raise UnreadableError('it has an array with another number of bytes than its shape says')
    if dtype.kind == 'b':  # NumPy counts on 0 and 1
        return (np.frombuffer(content, np.uint8) != 0).reshape(shape, order=order)
    array = np.frombuffer(content, dtype).astype(dtype.newbyteorder('='))
    return array.reshape(shape, order=order)


def are_whole(*groups) -> bool:
    """Returns whether all are tuples of equal length of sizes that NumPy and torch accept."""
    return all(
        type(group) is tuple
        and len(group) <= MAX_DIMENSIONS
        and all(type(n) is int and 0 <= n < 2**63 for n in group)
        for group in groups
    ) and len({len(group) for group in groups}) == 1  # fmt: skip
