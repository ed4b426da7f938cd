# SPDX-License-Identifier: Apache-2.0
"""Checkpoints whose tensors reach beyond what the file holds."""

from tests.attacks.hostile import (
    Files,
    Raw,
    built,
    call,
    checkpoint,
    dump,
    legacy,
    legacy_storage,
    made,
    storage,
    tensor,
)


def tensors() -> Files:
    """Tensors and storages that reach beyond what the file holds, or bring more than numbers."""
    for name, args in (
        ('size', (0, (5,), (1,))), ('offset', (4, (1,), (1,))), ('stride', (0, (2,), (4,))),
        ('negative', (-1, (1,), (1,))), ('negative_stride', (3, (2,), (-1,))),
        ('overflow', (0, (2**62, 4), (4, 1))), ('wrap', (2**63 - 1, (2,), (2**62,))),
        ('ranks', (0, (2, 2), (1,))), ('floats', (0, (2.0,), (1,))), ('list', (0, [4], [1])),
        ('empty_huge', (0, (0, 2**62, 2**62), (1, 1, 1))), ('deep', (0, (1,) * 70, (1,) * 70)),
        ('expanded', (0, (2**40, 4), (0, 1))), ('expanded_once', (0, (2**25, 4), (0, 1))),
    ):  # fmt: skip
        yield f'tensor_{name}', checkpoint(tensor(*args))
    hooks = built(call('collections OrderedDict'), {'x': 1})
    full = call('collections OrderedDict', [[1, 'x']])
    yield 'tensor_hooks', checkpoint(tensor(0, (4,), (1,), False, full))
    yield 'tensor_hooks_state', checkpoint(tensor(0, (4,), (1,), False, hooks))
    yield (
        'tensor_metadata',
        checkpoint(tensor(0, (4,), (1,), False, call('collections OrderedDict'), {'conj': True})),
    )
    yield 'tensor_state', checkpoint(built(tensor(), (storage(), 0, (4,), (1,))))
    yield 'tensor_arity', checkpoint(call('torch._utils _rebuild_tensor_v2', storage()))
    yield 'tensor_of_nothing', checkpoint(tensor(of=Raw(dump(None))))
    yield (
        'parameter_of_nothing',
        checkpoint(
            call('torch._utils _rebuild_parameter', 1, True, call('collections OrderedDict'))
        ),
    )
    for name, held in (
        ('more', storage(size=2**20)), ('fewer', storage(size=1)), ('negative', storage(size=-4)),
        ('huge', storage(size=2**62)), ('type', storage('torch LongStorage')),
        ('missing', storage(key='9')), ('path', storage(key='../data.pkl')),
        ('key', storage(key=0)), ('prefix', storage(prefix='file')), ('name', storage(size='4')),
        ('class', storage(Raw(dump('FloatStorage')))), ('tuple', Raw(dump(5) + b'Q')),
        ('short', Raw(dump(('storage',)) + b'Q')), ('where', storage(where=None)),
        ('quantised', storage('torch QInt8Storage')), ('typed', storage('torch UntypedStorage')),
    ):  # fmt: skip
        yield f'storage_{name}', checkpoint(state_dict={'a': tensor(of=held)})
    yield 'storage_bare', checkpoint(storage())
    yield 'storage_two_types', checkpoint([tensor(), tensor(of=storage('torch IntStorage'))])
    for name, function in (
        ('sparse', '_rebuild_sparse_tensor'), ('quantised', '_rebuild_qtensor'),
        ('nested', '_rebuild_nested_tensor'), ('meta', '_rebuild_meta_tensor_no_storage'),
        ('device', '_rebuild_device_tensor_from_numpy'), ('v3', '_rebuild_tensor_v3'),
        ('attributes', '_rebuild_parameter_with_state'),
    ):  # fmt: skip
        yield f'rebuild_{name}', checkpoint(call(f'torch._utils {function}', 1, 2, 3))
    yield 'size', checkpoint(call('torch Size', (1,)))
    yield 'tensor_type', checkpoint(made('torch FloatTensor', 10**12))
    yield 'legacy_numbers', legacy(dict(a=tensor(0, (5,), of=legacy_storage(5))))
    yield 'legacy_huge', legacy(dict(a=tensor(of=legacy_storage(2**60))), size=2**60)
    yield 'legacy_lie', legacy(dict(a=tensor(of=legacy_storage(4))), size=2**60)
    yield 'legacy_keys', legacy(dict(a=tensor(of=legacy_storage(4))), keys=['1'])
    yield 'legacy_no_list', legacy(dict(a=tensor(of=legacy_storage(4))), keys=7)
    yield 'legacy_view', legacy(dict(a=tensor(of=legacy_storage(4, ('1', 0, 2)))))
