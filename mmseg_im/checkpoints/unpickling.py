# SPDX-License-Identifier: Apache-2.0
"""Reads the pickle of a checkpoint into inert objects: nothing that the file names is called.

Why not ``torch.load(weights_only=True)``: it calls what a file names, more than forty functions
and types of torch with arguments that the file chooses, and a Runner's checkpoint also needs
``numpy.ndarray`` and the built-in ``getattr``. Here the names of a file become
:class:`Name` objects, and their calls :class:`Call` objects that only remember their arguments;
:mod:`.building` then accepts the few forms that real checkpoints have. The opcodes come from the
standard library's disassembler, so Python's own unpickler is not used, either.

Why not plain lists in place of mmengine's HistoryBuffer when *saving*: files that mmseg's own
Runner wrote must load anyway, so the forms are needed in any case, and stock mmengine could not
resume from files of ours.
"""

import pickletools
from typing import BinaryIO

from .allowed_names import (
    ALLOWED,
    CALLED,
    HISTORY,
    MAX_NUMBERED,
    ORDERED_DICT,
    Call,
    ForbiddenNameError,
    Name,
    OrderedItems,
    Stored,
    UnreadableError,
    attempt,
    is_key,
)

# Real checkpoints hold some 10,000; each of them can make an object of some 200 bytes.
MAX_OPCODES = 1_000_000
MAX_PAIRS = 1_000_000  # that calls of OrderedDict copy; torch of Python 2 made each list once

_CONSTANTS = dict(NONE=None, NEWFALSE=False, NEWTRUE=True, EMPTY_TUPLE=())


def read_pickle(file: BinaryIO) -> tuple[object, list[Stored]]:
    """Reads one pickle from where a file stands; afterwards, the file stands behind it.

    Args:
        file (BinaryIO): Binary and seekable.

    Returns:
        tuple[object, list[Stored]]: The inert content, and the storages that it names.

    Raises:
        ForbiddenNameError: If it names a function or class that no checkpoint needs.
        UnreadableError: If it is damaged or of another kind.
    """
    machine = _Machine()
    try:
        content = attempt(lambda: machine.run(file))
    finally:  # also if reading fails: what is forbidden is the better reason
        forbidden = sorted(machine.names - ALLOWED)
        if forbidden:
            names = [name[:60] for name in forbidden[:5]]  # short, so that none hides the others
            more = f' and {len(forbidden) - 5} more' if len(forbidden) > 5 else ''
            raise ForbiddenNameError(f'it asks for {", ".join(names)}{more}') from None
    return content, machine.stored


class _Machine:
    """Executes the opcodes of a pickle on inert objects."""

    def __init__(self):
        self.stack: list = []
        self.below: list[list] = []  # the stacks under each mark
        self.memo: dict[int, object] = {}
        self.names: set[str] = set()
        self.stored: list[Stored] = []
        self.pairs = 0
        self.numbered = 0  # keys of dicts that are no texts

    def run(self, file: BinaryIO):
        for number, (opcode, value, _) in enumerate(pickletools.genops(file)):
            if number > MAX_OPCODES:
                raise UnreadableError(f'its pickle has more than {MAX_OPCODES} steps')
            if number == 0 and (opcode.name != 'PROTO' or value != 2):
                protocol = value if opcode.name == 'PROTO' else '0 or 1'
                raise UnreadableError(
                    f'it uses pickle protocol {protocol}, and torch.save writes protocol 2'
                )
            self.step(opcode.name, value)
        if len(self.stack) != 1 or self.below:
            raise UnreadableError('its pickle ends in the middle')
        return self.stack[0]

    def step(self, opcode: str, value) -> None:
        """Executes one opcode; those that torch.save never writes are refused."""
        stack = self.stack
        match opcode:
            case 'BININT' | 'BININT1' | 'BININT2' | 'LONG1' | 'BINFLOAT' | 'BINUNICODE':
                stack.append(value)
            case 'SHORT_BINSTRING':  # of Python 2
                stack.append(value.encode('latin1').decode())
            case 'NONE' | 'NEWFALSE' | 'NEWTRUE' | 'EMPTY_TUPLE':
                stack.append(_CONSTANTS[opcode])
            case 'EMPTY_LIST':
                stack.append([])
            case 'EMPTY_DICT':
                stack.append({})
            case 'BINPUT' | 'LONG_BINPUT':
                self.memo[value] = stack[-1]
            case 'BINGET' | 'LONG_BINGET':
                stack.append(self.memo[value])
            case 'MARK':
                self.below.append(stack)
                self.stack = []
            case 'TUPLE1' | 'TUPLE2' | 'TUPLE3':
                stack.append(tuple(self.pop(int(opcode[-1]))))
            case 'TUPLE':
                items = self.pop_mark()
                self.stack.append(tuple(items))
            case 'APPEND' | 'APPENDS':
                items = self.pop(1) if opcode == 'APPEND' else self.pop_mark()
                if type(self.stack[-1]) is not list:
                    raise UnreadableError('it appends to something that is no list')
                self.stack[-1].extend(items)
            case 'SETITEM' | 'SETITEMS':
                items = self.pop(2) if opcode == 'SETITEM' else self.pop_mark()
                self.set_items(self.stack[-1], items)
            case 'GLOBAL':
                stack.append(Name('.'.join(value.split(' ', 1))))
                self.names.add(stack[-1].name)
            case 'REDUCE' | 'NEWOBJ':
                stack.append(self.made(opcode, *self.pop(2)))
            case 'BUILD':
                [state] = self.pop(1)
                if not isinstance(stack[-1], Call | OrderedItems) or stack[-1].state is not None:
                    raise UnreadableError('it sets the state of an object that has none, or twice')
                stack[-1].state = state
            case 'BINPERSID':
                stack.append(Stored(stack.pop()))
                self.stored.append(stack[-1])
            case 'PROTO' | 'STOP':
                pass
            case _:
                raise UnreadableError(f'its pickle has {opcode}, which torch.save never writes')

    def made(self, opcode: str, named, args) -> Call | OrderedItems:
        """Returns the inert result of a call (REDUCE) or of a new object (NEWOBJ)."""
        if type(named) is not Name or type(args) is not tuple:
            raise UnreadableError('it calls something that is no function')
        callable_names = CALLED if opcode == 'REDUCE' else [HISTORY]
        if named.name in ALLOWED and named.name not in callable_names:
            raise UnreadableError(f'it calls {named.name}, which no checkpoint does')
        if named.name != ORDERED_DICT:
            return Call(named.name, args)
        made = OrderedItems()
        if args:  # Python 2 gives a list of pairs
            self.pairs += len(args[0])
            if self.pairs > MAX_PAIRS:
                raise UnreadableError('it copies the same items many times')
            self.set_items(made, [one for pair in args[0] for one in _pair(pair)])
        return made

    def set_items(self, target: object, items: list[object]) -> None:
        """Adds keys and values, one after the other in a list, to a dict."""
        if not isinstance(target, dict) or len(items) % 2:
            raise UnreadableError('it sets items of something that is no dict')
        keys = items[::2]
        if not all(map(is_key, keys)):
            raise UnreadableError('it has a dict with keys that are no plain values')
        # tuples collide most easily
        self.numbered += sum(10 if type(k) is tuple else type(k) is not str for k in keys)
        if self.numbered > MAX_NUMBERED:
            raise UnreadableError(f'it has more than {MAX_NUMBERED} keys that are no names')
        target.update(zip(keys, items[1::2], strict=True))

    def pop(self, number: int) -> list:
        if len(self.stack) < number:
            raise UnreadableError('its pickle takes more than there is')
        items = self.stack[-number:]
        del self.stack[-number:]
        return items

    def pop_mark(self) -> list:
        items, self.stack = self.stack, self.below.pop()
        return items


def _pair(pair: list) -> list:
    if type(pair) is not list or len(pair) != 2:
        raise UnreadableError('it makes an OrderedDict of something else than pairs')
    return pair
