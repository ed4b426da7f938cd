# SPDX-License-Identifier: Apache-2.0
"""Builds tensors, arrays and containers from what :mod:`.unpickling` read.

Each form that real checkpoints have is written down here with the arguments that it may have;
all else is refused. Numbers are copied out of bytes of exactly the right length.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from .allowed_names import (
    HISTORY,
    MAX_NUMBERED,
    Call,
    OrderedItems,
    Stored,
    UnreadableError,
    attempt,
    is_key,
    refuse_call,
)
from .arrays import ArrayReader, history
from .file_formats import Opened
from .tensors import TensorReader

# Nested containers of a Runner's checkpoint: about 8 deep, some 10,000 items.
MAX_DEPTH = 64
MAX_ITEMS = 1_000_000
MAX_COPIED = 1_000_000  # items of sets, counters and metadata, which can share one source
_PLAIN = (type(None), bool, int, float, str, bytes)


class _Built(NamedTuple):
    value: Any
    items: int  # in it; one that occurs twice counts twice
    height: int


class Builder:
    """Builds the content of one checkpoint.

    Args:
        opened (Opened): From :func:`.file_formats.open_checkpoint`.
        place (Callable): Moves a uint8 tensor to a device, given the device that the file names.
    """

    def __init__(self, opened: Opened, place: Callable[[Tensor, str], Tensor]):
        self.content = opened.content
        self.arrays = ArrayReader(opened.size)
        self.tensors = TensorReader(opened, place)
        self.known: dict[int, _Built | None] = {}  # None: is being built
        self.copied = self.numbered = 0

    def build(self):
        """Returns the content as ordinary objects.

        Raises:
            UnreadableError: If the file holds a form that no checkpoint has.
        """
        return attempt(lambda: self._build(self.content, 0)).value

    def _build(self, node, depth: int) -> _Built:
        if type(node) in _PLAIN:
            return _Built(node, 1, 0)
        key = id(node)  # unique, because the whole tree is kept
        if key in self.known:
            built = self.known[key]
            if built is None:
                raise UnreadableError('it holds a container that holds itself')
        else:
            if depth > MAX_DEPTH:
                raise UnreadableError(f'its containers are nested more than {MAX_DEPTH} deep')
            self.known[key] = None
            built = self.known[key] = self._make(node, depth + 1)
        if depth + built.height > MAX_DEPTH:
            raise UnreadableError(f'its containers are nested more than {MAX_DEPTH} deep')
        return built

    def _make(self, node, depth: int) -> _Built:
        if type(node) is list or type(node) is tuple:
            return self._gather(type(node), node, depth)
        if type(node) is dict or type(node) is OrderedItems:
            values = self._gather(list, node.values(), depth)
            pairs = zip(node, values.value, strict=True)
            if not isinstance(node, OrderedItems):
                return values._replace(value=dict(pairs))
            ordered: Any = OrderedDict(pairs)
            if node.state is not None:
                ordered._metadata = self._metadata(node.state, depth)
            return values._replace(value=ordered)
        if type(node) is Call:
            return self._call(node, depth)
        if type(node) is Stored:
            raise UnreadableError('it holds a storage without a tensor')
        raise UnreadableError(f'it holds {node.name} itself, no value')

    def _gather(self, kind: type, nodes, depth: int) -> _Built:
        built = []
        count = 1
        for node in nodes:
            built.append(self._build(node, depth))
            count += built[-1].items
            if count > MAX_ITEMS:
                raise UnreadableError(f'it holds more than {MAX_ITEMS} values')
        height = 1 + max((one.height for one in built), default=0)
        return _Built(kind(one.value for one in built), count, height)

    def _call(self, call: Call, depth: int) -> _Built:
        short = call.name.rpartition('.')[2]
        readers = dict(
            _rebuild_tensor_v2=self.tensors.tensor,
            _rebuild_tensor=self.tensors.tensor,
            _rebuild_parameter=self.tensors.parameter,
            _reconstruct=self.arrays.array,
            scalar=self.arrays.scalar,
            encode=self.arrays.text,
            bytes=self.arrays.text,
        )
        if short in readers:
            return _Built(readers[short](call), 1, 0)
        if call.name == HISTORY and type(call.state) is dict:
            state = dict(call.state)
            for key in ('_log_history', '_count_history'):
                state[key] = self._build(state.get(key), depth).value
            return _Built(history(state), 1, 1)
        if call.state is not None or len(call.args) != 1:
            return refuse_call(call)
        [content] = call.args
        if type(content) is dict or type(content) is list:
            self._spend(len(content), len(content))
        if short == 'Counter' and type(content) is dict:
            if all(type(number) is int for number in content.values()):
                return _Built(Counter(content), 1 + len(content), 1)
        elif short == 'set' and type(content) is list and all(map(is_key, content)):
            return _Built(set(content), 1 + len(content), 1)
        return refuse_call(call)

    def _spend(self, items: int, numbered: int = 0) -> None:
        self.copied += items
        self.numbered += numbered
        if self.copied > MAX_COPIED or self.numbered > MAX_NUMBERED:
            raise UnreadableError('it copies the same items many times')

    def _metadata(self, state, depth: int) -> OrderedDict:
        """Returns the version numbers that torch keeps with the weights of a module."""
        if type(state) is dict and list(state) == ['_metadata']:
            metadata = self._build(state['_metadata'], depth).value
            self._spend(len(metadata) if isinstance(metadata, dict) else 0)
            if isinstance(metadata, dict) and all(map(_is_version, metadata.items())):
                return OrderedDict(metadata)
        raise UnreadableError('it sets attributes of an OrderedDict')


def _is_version(item: tuple) -> bool:
    """Returns whether an item is such as ``'head.bn'``, ``{'version': 2}``."""
    name, values = item
    return (
        type(name) is str
        and type(values) is dict
        and all(type(value) in _PLAIN for value in values.values())
        and type(values.get('version')) in (int, type(None))
    )
