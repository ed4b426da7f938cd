# SPDX-License-Identifier: Apache-2.0
"""The two file formats of torch.save: a zip archive, and before torch 1.6 a row of pickles."""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from .allowed_names import DTYPES, Stored, UnreadableError, attempt
from .unpickling import read_pickle

# A checkpoint of a large network has some thousand entries of about 100 bytes in the directory.
MAX_DIRECTORY = 8 * 2**20
CHUNK = 16 * 2**20
_MAGIC = b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'  # torch's number as a pickle
_END = struct.Struct('<4s4H2LH')  # of a zip archive
_LOCATOR = struct.Struct('<4sLQL')
_END_64 = struct.Struct('<4sQ2H2L4Q')


class Opened(NamedTuple):
    """A checkpoint whose storages are still in the file.

    Attributes:
        content: Inert content of the pickle.
        size (int): Bytes of the pickle.
        numbers (Callable): Reads a storage: its key and number of bytes to a uint8 tensor.
    """

    content: object
    size: int
    numbers: Callable[[str, int], Tensor]


class Pid(NamedTuple):
    """Description of a storage in a pickle; ``kind`` is such as ``'Float'``, ``size`` in values."""

    kind: str
    key: str
    location: str
    size: int


def describe(stored: Stored) -> Pid:
    """Returns the description of a storage after checking its parts.

    Raises:
        UnreadableError: If it has another form.
    """
    pid = stored.pid
    if type(pid) is not tuple or len(pid) not in (5, 6) or pid[0] != 'storage':
        raise UnreadableError('it describes a storage in an unknown form')
    kind = getattr(pid[1], 'name', '').removeprefix('torch.').removesuffix('Storage')
    if kind not in DTYPES or type(pid[4]) is not int or pid[4] < 0:
        raise UnreadableError('it describes a storage in an unknown form')
    if type(pid[2]) is not str or type(pid[3]) is not str or pid[5:] not in ((), (None,)):
        raise UnreadableError('it describes a storage in an unknown form')
    return Pid(kind, *pid[2:5])


def open_checkpoint(file: BinaryIO) -> Opened:
    """Reads the pickle of a checkpoint; its storages are read later.

    Args:
        file (BinaryIO): Seekable; must stay open until the last storage is read.

    Raises:
        UnreadableError: If it is no checkpoint, damaged, or claims more than it holds.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(1024)
    file.seek(0)
    if head.startswith(b'PK\x03\x04'):
        return _open_zip(file, size)
    if head.startswith(_MAGIC):
        return _open_legacy(file, size)
    raise UnreadableError(_what_it_is(head))


def _what_it_is(head: bytes) -> str:
    text = head.lstrip().lower()
    if not head:
        return 'it is empty'
    if head.startswith(b'version https://git-lfs'):
        return 'it is a pointer of Git LFS, not the file itself: fetch it with git lfs pull'
    if text.startswith((b'<!doctype', b'<html', b'<?xml', b'<head')):
        return 'it is a web page; the download went wrong'
    if head[257:262] == b'ustar':
        return 'it is a tar archive, perhaps of torch before 0.1.10'
    if head[:1] == b'\x80' and len(head) > 1:
        return f'it is a pickle (protocol {head[1]}) that torch.save did not write'
    return 'torch.save did not write it'


def _directory_size(file: BinaryIO, size: int) -> int:
    """Returns the size in bytes of a zip archive's directory, which zipfile reads as a whole."""
    at = max(size - _END.size - _LOCATOR.size - _END_64.size, 0)
    file.seek(at)
    tail = file.read()
    end, locator = tail[-_END.size :], tail[-_END.size - _LOCATOR.size : -_END.size]
    if len(end) < _END.size or end[:4] != b'PK\x05\x06':
        raise UnreadableError(
            'its end is not where it should be: it is cut off, or something stands behind it'
        )
    if locator[:4] != b'PK\x06\x07':  # not larger than 4 GiB
        return _END.unpack(end)[5]
    if tail[:4] != b'PK\x06\x06' or len(tail) < _END_64.size:
        raise UnreadableError('the end of its zip archive is damaged')
    return _END_64.unpack(tail[: _END_64.size])[8]


def _open_zip(file: BinaryIO, size: int) -> Opened:
    if _directory_size(file, size) > MAX_DIRECTORY:
        raise UnreadableError('its zip archive has far more entries than a checkpoint')
    archive = attempt(lambda: zipfile.ZipFile(file))
    entries = archive.infolist()
    inner = [entry.filename.partition('/')[2] for entry in entries]
    if 'constants.pkl' in inner or any(name.startswith('code/') for name in inner):
        raise UnreadableError('it is a TorchScript archive, which holds code')
    if any(
        e.compress_type != zipfile.ZIP_STORED or e.compress_size != e.file_size for e in entries
    ):
        raise UnreadableError('its zip archive is compressed, which torch.save never does')
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableError('its zip archive is encrypted')
    if sum(entry.file_size for entry in entries) > size:
        raise UnreadableError('entries of its zip archive overlap')
    by_name = {entry.filename: entry for entry in entries}
    if len(by_name) < len(entries):
        raise UnreadableError('its zip archive holds two entries of one name')
    roots = [name.removesuffix('data.pkl') for name in by_name if name.endswith('/data.pkl')]
    if len(roots) != 1 or roots[0].count('/') != 1:
        raise UnreadableError('it is a zip archive, but torch.save did not write it')
    root = roots[0]
    order = by_name.get(f'{root}byteorder')
    if order is not None and attempt(lambda: archive.read(order)) != b'little':
        raise UnreadableError('its numbers are in the byte order of another kind of machine')
    pickled = by_name[f'{root}data.pkl']
    content, _ = read_pickle(io.BytesIO(attempt(lambda: archive.read(pickled))))

    def numbers(key: str, nbytes: int) -> Tensor:
        entry = by_name.get(f'{root}data/{key}')
        if entry is None or entry.file_size != nbytes:
            held = 'is missing' if entry is None else f'holds {entry.file_size}'
            raise UnreadableError(f'it claims {nbytes} bytes for storage {key}, which {held}')
        with archive.open(entry) as part:
            return _fill(part, nbytes)

    return Opened(content, pickled.file_size, numbers)


def _open_legacy(file: BinaryIO, size: int) -> Opened:
    read_pickle(file)  # the magic number
    version, _ = read_pickle(file)
    system, _ = read_pickle(file)
    if version != 1001 or not isinstance(system, dict) or system.get('little_endian') is not True:
        raise UnreadableError('it is of an unknown version or of another kind of machine')
    content, stored = read_pickle(file)
    described = {pid.key: pid for pid in map(describe, stored)}
    keys, _ = read_pickle(file)
    if type(keys) is not list or any(type(k) is not str for k in keys):
        raise UnreadableError('its list of storages is damaged')
    if len(set(keys)) < len(keys) or set(keys) != set(described):
        raise UnreadableError('its list of storages is damaged')
    places = {}
    at = file.tell()
    for key in keys:
        pid = described[key]
        nbytes = pid.size * DTYPES[pid.kind].itemsize
        file.seek(at)
        if file.read(8) != struct.pack('<Q', min(pid.size, 2**64 - 1)) or at + 8 + nbytes > size:
            raise UnreadableError(f'it claims {nbytes} bytes for storage {key} and holds fewer')
        places[key] = at + 8
        at += 8 + nbytes

    def numbers(key: str, nbytes: int) -> Tensor:
        pid = described[key]
        if nbytes != pid.size * DTYPES[pid.kind].itemsize:
            raise UnreadableError(f'it describes storage {key} in two ways')
        file.seek(places[key])
        return _fill(file, nbytes)

    return Opened(content, size, numbers)


def _fill(part: Any, nbytes: int) -> Tensor:
    """Reads bytes of a file into a uint8 tensor; at the end of a zip entry, its CRC is checked."""
    out = torch.empty(nbytes, dtype=torch.uint8)
    view = out.numpy()
    for start in range(0, nbytes, CHUNK):
        wanted = min(CHUNK, nbytes - start)
        if part.readinto(view[start : start + wanted]) != wanted:
            raise UnreadableError('it ends too early')
    return out
