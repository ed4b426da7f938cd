# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that are damaged, of another kind, compressed, or of another shape."""

import io
import pickle
import struct
import tarfile
import zipfile

import torch

from tests.attacks.hostile import (
    POP,
    Files,
    Raw,
    built,
    call,
    checkpoint,
    dump,
    named,
    pickled,
    real,
    storage,
    tensor,
    zipped,
)


def pickles() -> Files:
    """Streams that are damaged, of another protocol or an attack on memory, stack or time."""
    good = pickled(dict(a=tensor()))
    deep = b'\x80\x02' + b'](' * 100_000 + b'e' * 100_000 + b'.'
    laugh = b'\x80\x02](](e' + (b'q\1](' + b'h\1' * 10 + b'e') * 30 + b'e.'
    tuples = b'\x80\x02}N' + b'\x85' * 200_000 + b'Ns.'
    alias = b'](' + b'](e' + b''.join(b'q\1' + b'](h\1e' for _ in range(5000)) + b'e'
    versions = {'_metadata': {'': {'version': 'x'}}}
    for name, raw in (
        ('empty', b''), ('stop', b'\x80\x02.'), ('cut', good[:-9]), ('nothing', b'\x80\x02N.'),
        ('two_left', b'\x80\x02NN.'), ('mark_left', b'\x80\x02(N.'), ('underflow', b'\x80\x02R.'),
        ('memo', b'\x80\x02h\x05.'), ('utf8', b'\x80\x02X\1\0\0\0\xff.'),
        ('length', b'\x80\x02X\xff\xff\xff\x7fabc.'), ('pop', b'\x80\x02N' + POP + b'.'),
        ('append', b'\x80\x02}Na.'), ('items', b'\x80\x02]NNs.'), ('odd', b'\x80\x02}(Nu.'),
        ('list_key', b'\x80\x02}]Ns.'), ('build', b'\x80\x02}}b.'), ('call', b'\x80\x02N)R.'),
        ('new', b'\x80\x02N)\x81.'), ('args', b'\x80\x02' + named('__builtin__ set') + b'NR.'),
        ('extension', b'\x80\x02\x82\x01.'), ('persid', b'\x80\x02Pabc\n.'),
        ('memo_index', b'\x80\x02Nr\xff\xff\xff\x7f.'), ('long4', b'\x80\x02\x8b\xff\xff\xff\x7f.'),
        ('global_cut', b'\x80\x02cos'), ('pairs', pickled(call('collections OrderedDict', [[1]]))),
        ('deep', deep), ('laughs', laugh), ('tuple_hash', tuples),
        ('itself', b'\x80\x02]q\1h\1a.'), ('alias', b'\x80\x02' + alias + b'.'),
        ('lists', b'\x80\x02](' + b']' * 1_100_000 + b'e.'),
        ('counter', pickled(call('collections Counter', {'a': 'b'}))),
        ('ordered_attribute', pickled(built(call('collections OrderedDict'), {'items': 1}))),
        ('version', pickled(built(call('collections OrderedDict'), versions))),
        ('set_of_lists', pickled(call('__builtin__ set', [[]]))),
        ('same_bytes', pickled(_shared())),
    ):  # fmt: skip
        yield name, zipped(raw)
    for protocol in (0, 1, 3, 4, 5):
        yield f'protocol_{protocol}', zipped(pickle.dumps(dict(a=[1, 2.5, 'x', (3,)]), protocol))
        yield f'bare_protocol_{protocol}', pickle.dumps(dict(a=1), protocol)
    yield 'torch_protocol_4', real(protocol=4)


def _shared() -> Raw:
    """Bytes of one text, made again and again."""
    text = dump('x' * 100_000)
    first = Raw(text + b'q\1')
    again = [call('_codecs encode', Raw(b'h\1'), 'latin1') for _ in range(1000)]
    return Raw(dump([first, *again]))


def formats() -> Files:
    """Files of another kind, cut, or damaged in a few bits."""
    whole = real()
    yield 'no_bytes', b''
    yield 'lfs', b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n'
    yield 'html', b'<!DOCTYPE html><html><body>404 Not Found</body></html>'
    yield 'xml', b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
    yield 'json', b'{"state_dict": {}}'
    yield 'image', b'\x89PNG\r\n\x1a\n' + bytes(100)
    yield 'zeros', bytes(4096)
    yield 'noise', bytes((i * 7919 + 13) % 251 for i in range(4096))
    yield 'gzip', b'\x1f\x8b\x08\0' + bytes(50)
    yield 'safetensors', struct.pack('<Q', 2) + b'{}'
    for at in (3, 30, 200, len(whole) // 2, len(whole) - 23, len(whole) - 1):
        yield f'cut_{at}', whole[:at]
    yield 'appended', whole + b'x'
    yield 'legacy_cut', real(legacy=True)[:-5]
    yield 'legacy_head', real(legacy=True)[:20]
    number = whole.index(struct.pack('<4f', 0, 1, 2, 3))
    yield 'bit_of_a_number', _flipped(whole, number + 5)
    yield 'bit_of_a_name', _flipped(whole, whole.index(b'state_dict') + 2)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as archive:
        archive.addfile(tarfile.TarInfo('storages'))
    yield 'tar', out.getvalue()
    out = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), out)
    yield 'torchscript', out.getvalue()
    yield 'code_inside', zipped(dict(a=tensor()), **{'code/__torch__.py': b'def f(): pass'})


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]


def archives() -> Files:
    """Zip archives that unpack to more than they are, or that torch did not write."""
    good = dict(a=tensor())
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            'archive/data.pkl', pickled(dict(a=tensor(0, (2**28,), of=storage(size=2**28))))
        )
        with archive.open('archive/data/0', 'w', force_zip64=True) as part:
            for _ in range(64):
                part.write(bytes(2**24))
    yield 'deflated_1_gib', out.getvalue()
    yield 'bzip2', zipped(good, compression=zipfile.ZIP_BZIP2)
    yield 'lzma', zipped(good, compression=zipfile.ZIP_LZMA)
    yield 'foreign', _zip({'readme.txt': b'hello'})
    yield 'no_entries', _zip({})
    yield 'two_roots', _zip({'a/data.pkl': pickled(good), 'b/data.pkl': pickled(good)})
    yield 'no_root', _zip({'data.pkl': pickled(good)})
    yield 'nested_root', _zip({'a/b/data.pkl': pickled(good)})
    yield 'big_endian', zipped(good, byteorder=b'big')
    yield 'word_document', _zip({'[Content_Types].xml': b'', 'word/document.xml': b''})
    plain = zipped(good)
    directory = plain.index(b'PK\1\2')
    yield 'claims_a_size', _at(plain, directory + 20, struct.pack('<2L', 2**31, 2**31))
    yield 'encrypted', _at(plain, directory + 8, b'\1\0')
    yield 'method', _at(plain, directory + 10, b'\x63\0')
    yield 'place', _at(plain, directory + 42, struct.pack('<L', 2**31))
    yield 'directory_size', _at(plain, len(plain) - 10, struct.pack('<L', 2**31))
    yield 'zip64', _at(plain, len(plain) - 10, struct.pack('<2L', 2**32 - 1, 2**32 - 1))
    yield 'entry_missing', _zip({'archive/data.pkl': pickled(good)})
    many = dict(good, **{f'w{i}': tensor(of=storage(key=f'k{i}')) for i in range(50)})
    overlap = zipped(many, {f'k{i}': bytes(16) for i in range(50)} | {'0': bytes(16)})
    yield 'overlapping', overlap.replace(b'\x10\0\0\0\x10\0\0\0', struct.pack('<2L', 5000, 5000))


def _zip(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def _at(content: bytes, place: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + len(new) :]


def contents() -> Files:
    """Whole files whose parts have another shape than their readers count on."""
    for name, parts in (
        ('list', [1, 2]), ('number', 5), ('nothing', None), ('tensor', tensor()), ('text', 'x'),
        ('numbered', {1: tensor()}), ('no_tensors', {'a': 1}), ('no_weights', {}),
    ):  # fmt: skip
        yield f'content_{name}', zipped(parts)
        yield f'state_dict_{name}', checkpoint(state_dict=parts)
    for name, meta in (
        ('list', []), ('text', 'x'), ('numbered', {1: 1}), ('epoch', {'epoch': '1'}),
        ('negative', {'iter': -1}), ('long', {'iter': 10**30}), ('seed', {'seed': [1]}),
        ('flag', {'epoch': True}), ('classes', {'dataset_meta': {'classes': 5}}),
        ('names', {'dataset_meta': {'classes': [1, 2]}}), ('dataset', {'dataset_meta': [1]}),
    ):  # fmt: skip
        yield f'meta_{name}', checkpoint(meta=meta)
    for name, hub in (
        ('list', []), ('empty', {}), ('scalars', {'log_scalars': 1}),
        ('info', {'log_scalars': {}, 'runtime_info': [], 'resumed_keys': {}}),
    ):  # fmt: skip
        yield f'hub_{name}', checkpoint(message_hub=hub)
    yield 'optimizer', checkpoint(optimizer='Adam')
    yield 'schedulers', checkpoint(param_schedulers=1)
