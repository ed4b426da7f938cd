# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that are hostile or broken, assembled by hand, opcode by opcode."""

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch

MARK, POP = b'(', b'0'
Files = Iterator[tuple[str, bytes]]  # a name that says what is wrong, and the file


class Raw(bytes):
    """Opcodes that stand where a value belongs."""


def dump(value) -> bytes:
    """Opcodes of protocol 2 for a plain value, with :class:`Raw` parts put in as they are."""
    if isinstance(value, Raw):
        return bytes(value)
    if value is None or isinstance(value, bool):
        return {None: b'N', False: b'\x89', True: b'\x88'}[value]
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return b'J' + struct.pack('<i', value)
        raw = value.to_bytes(value.bit_length() // 8 + 1, 'little', signed=True)
        return b'\x8a' + bytes([len(raw)]) + raw
    if isinstance(value, float):
        return b'G' + struct.pack('>d', value)
    if isinstance(value, str):
        raw = value.encode()
        return b'X' + struct.pack('<I', len(raw)) + raw
    if isinstance(value, bytes):
        return call('_codecs encode', value.decode('latin1'), 'latin1')
    if isinstance(value, tuple):
        return MARK + b''.join(map(dump, value)) + b't'
    if isinstance(value, list):
        return b'](' + b''.join(map(dump, value)) + b'e'
    return b'}(' + b''.join(dump(one) for pair in value.items() for one in pair) + b'u'


def named(name: str) -> Raw:
    """A function or class: ``'module name'``."""
    return Raw(b'c' + name.replace(' ', '\n').encode() + b'\n')


def call(name: str, *args) -> Raw:
    """What a function returns."""
    return Raw(named(name) + dump(args) + b'R')


def made(name: str, *args) -> Raw:
    """An object that ``__new__`` returns."""
    return Raw(named(name) + dump(args) + b'\x81')


def built(thing: bytes, *states) -> Raw:
    """An object that is given states, one after the other."""
    return Raw(thing + b''.join(dump(state) + b'b' for state in states))


def storage(kind='torch FloatStorage', key='0', where='cpu', size=4, prefix='storage') -> Raw:
    """A storage, as its persistent id."""
    kind = named(kind) if isinstance(kind, str) else kind
    return Raw(dump((prefix, kind, key, where, size)) + b'Q')


def tensor(offset=0, size=(4,), stride=(1,), *rest, of: Raw | None = None) -> Raw:
    """A tensor of a storage."""
    hooks = call('collections OrderedDict')
    rest = rest or (False, hooks)
    of = storage() if of is None else of
    return call('torch._utils _rebuild_tensor_v2', of, offset, size, stride, *rest)


def pickled(content) -> bytes:
    """A pickle of protocol 2."""
    return b'\x80\x02' + dump(content) + b'.'


def zipped(content, numbers: dict | None = None, compression=zipfile.ZIP_STORED, **more) -> bytes:
    """A file as of torch.save.

    Args:
        content: For :func:`dump`; bytes are the whole pickle.
        numbers (dict, optional): Bytes of each storage; default: four floats under '0'.
        compression: Of the archive.
        **more: Further entries.
    """
    raw = content if type(content) is bytes else pickled(content)
    numbers = {'0': struct.pack('<4f', 1, 2, 3, 4)} if numbers is None else numbers
    entries = {'data.pkl': raw, 'byteorder': b'little', 'version': b'3\n', **more}
    entries |= {f'data/{key}': value for key, value in numbers.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', compression) as archive:
        for name, value in entries.items():
            archive.writestr(f'archive/{name}', value)
    return out.getvalue()


def checkpoint(extra=None, **parts) -> bytes:
    """A file with a weight, and something hostile beside it or in place of a part."""
    content = dict(state_dict={'a': tensor()}, meta=dict(epoch=1, iter=1))
    content |= parts
    return zipped(content if extra is None else dict(content, extra=extra))


def real(protocol: int = 2, legacy: bool = False) -> bytes:
    """A real file of torch.save."""
    out = io.BytesIO()
    content = dict(state_dict=dict(a=torch.arange(4.0)), meta=dict(epoch=1, iter=1))
    torch.save(
        content, out, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy
    )  # fmt: skip
    return out.getvalue()


def legacy_storage(size: int, view=None) -> Raw:
    kind = named('torch FloatStorage')
    return Raw(dump(('storage', kind, '0', 'cpu', size, view)) + b'Q')


def legacy(content, size: int = 4, keys=('0',)) -> bytes:
    """A file as of torch before 1.6, with four floats."""
    head = real(legacy=True)
    stop = head.index(b'little_endian')
    head = head[: head.index(b'.\x80\x02', stop) + 1]
    keys = list(keys) if isinstance(keys, tuple) else keys
    return head + pickled(content) + pickled(keys) + struct.pack('<Q4f', size, 1, 2, 3, 4)


def write(files: Files, folder: Path) -> dict[str, Path]:
    """Writes files and returns their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, content in files:
        assert name not in paths, name
        paths[name] = folder / f'{name}.pth'
        paths[name].write_bytes(content)
    return paths
