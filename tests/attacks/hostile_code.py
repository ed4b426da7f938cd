# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that ask for code, and forged arrays of NumPy."""

from tests.attacks.hostile import (
    MARK,
    Files,
    Raw,
    built,
    call,
    checkpoint,
    dump,
    legacy,
    made,
    named,
    pickled,
    real,
    zipped,
)

ARRAY, OBJECT = 'numpy ndarray', call('numpy dtype', 'O8', False, True)
HISTORY = 'mmengine.logging.history_buffer HistoryBuffer'


def dtype(name='f8', order='<', flag=0) -> Raw:
    made_dtype = call('numpy dtype', name, False, True)
    return built(made_dtype, (3, order, None, None, None, -1, -1, flag))


def array(shape=(1,), of=None, content=b'\0' * 8, core='numpy._core', *more) -> Raw:
    begun = call(f'{core}.multiarray _reconstruct', named(ARRAY), (0,), b'b')
    of = dtype() if of is None else of
    return built(begun, (1, shape, of, False, content), *more)


def history(**changes) -> Raw:
    state = dict(max_length=10, _log_history=array(), _count_history=array())
    return built(made(HISTORY), state | changes)


def code(marker: str) -> Files:
    """Asks for functions or classes; ``marker`` is the folder that they would make."""
    for name, function, args in (
        ('posix', 'posix mkdir', (marker,)),
        ('os', 'os mkdir', (marker,)),
        ('nt', 'nt mkdir', (marker,)),
        ('eval', 'builtins eval', (f'__import__("os").mkdir({marker!r})',)),
        ('exec2', '__builtin__ execfile', (marker,)),
        ('exec', '__builtin__ exec', (f'import os; os.mkdir({marker!r})',)),
        ('pathlib', 'pathlib Path.mkdir', (marker,)),
        ('subprocess', 'subprocess check_call', (['mkdir', marker],)),
        ('import', 'importlib import_module', ('antigravity',)),
        ('partial', 'functools partial', (named('os mkdir'), marker)),
        ('mmengine', 'mmengine.utils.path mkdir_or_exist', (marker,)),
        ('config', 'mmengine.config.config Config.fromstring', ('1', '.py')),
        ('numpy_load', 'numpy load', ('x', None, True)),
        ('torch_load', 'torch.serialization load', ('x',)),
        ('hub', 'torch.hub load', ('a/b', 'c')),
        ('set_state', 'torch._tensor _rebuild_from_type_v2', (named('os mkdir'), 1, 2, 3)),
        ('subclass', 'torch._utils _rebuild_wrapper_subclass', (1, 2, 3, 4, 5, 6, 7)),
        ('encodings', 'encodings normalize_encoding', ('x',)),
        ('escape', 'os\x1b[2J mkdir', (marker,)),
        ('type', '__builtin__ type', ('a', (), {})),
        ('bytearray', '__builtin__ bytearray', (10**12,)),
    ):
        yield name, checkpoint(call(function, *args))
    yield 'made', checkpoint(made('subprocess Popen', ['mkdir', marker]))
    yield 'inst', checkpoint(Raw(MARK + dump(marker) + b'ios\nmkdir\n'))
    yield 'object', checkpoint(Raw(MARK + named('os mkdir') + dump(marker) + b'o'))
    yield 'in_an_id', checkpoint(Raw(dump(('storage', call('os mkdir', marker), '0')) + b'Q'))
    yield 'protocol4', zipped(b'\x80\x04\x8c\x02os\x8c\x05mkdir\x93' + dump((marker,)) + b'R.')
    yield 'bare', pickled(call('os mkdir', marker))
    yield 'legacy', legacy(dict(a=call('os mkdir', marker)))
    yield 'second_pickle', real(legacy=True)[:26] + pickled(call('os mkdir', marker))
    for attribute in ('__init__', '__class__', '__globals__', 'data', 'update'):
        found = call('__builtin__ getattr', named(HISTORY), attribute)
        yield f'getattr_{attribute}', checkpoint(found)
        state = {'statistics_methods': {'mean': found}}
        yield f'statistic_{attribute}', checkpoint(history(**state))
    yield (
        'getattr_chain',
        checkpoint(
            call(
                '__builtin__ getattr',
                call('__builtin__ getattr', named(HISTORY), 'mean'),
                '__code__',
            )
        ),
    )


def numpy_arrays() -> Files:
    """Forged arrays, scalars and dtypes."""
    begun = call('numpy._core.multiarray _reconstruct', named(ARRAY), (0,), b'b')
    yield 'objects', checkpoint(built(call(ARRAY, (1,), 'O'), (1, (1,), OBJECT, False, b'A' * 8)))
    yield 'object_array', checkpoint(array(of=OBJECT, content=b'A' * 8))
    yield 'object_list', checkpoint(array(of=OBJECT, content=[1]))
    yield (
        'set_twice',
        checkpoint(built(begun, *[(1, (n,), dtype(), False, b'\0' * 8 * n) for n in (1, 1000)])),
    )
    yield 'offset', checkpoint(call(ARRAY, (1,), 'f8', b'A' * 8, -8))
    yield 'by_new', checkpoint(made(ARRAY, (1,), 'O'))
    yield 'strides', checkpoint(call(ARRAY, (1000,), 'f8', b'A' * 8, 0, (8,)))
    yield (
        'class',
        checkpoint(call('numpy._core.multiarray _reconstruct', named(HISTORY), (0,), b'b')),
    )
    yield (
        'begun_full',
        checkpoint(call('numpy._core.multiarray _reconstruct', named(ARRAY), (10**9,), b'O')),
    )
    yield 'not_set', checkpoint(begun)
    yield (
        'self',
        checkpoint(Raw(begun + b'q\x01' + dump((1, (1,), Raw(b'h\x01'), False, 0)) + b'b')),
    )
    for name, shape, content in (
        ('short', (2,), b'\0' * 8), ('long', (1,), b'\0' * 16), ('negative', (-1,), b'\0' * 8),
        ('huge', (2**62, 4), b''), ('empty_huge', (0, 2**62, 2**62), b''), ('no_tuple', 1, b''),
        ('text', (1,), 'AAAAAAAA'), ('floats', (1.0,), b'\0' * 8), ('deep', (1,) * 100, b'\0' * 8),
    ):  # fmt: skip
        yield f'shape_{name}', checkpoint(array(shape, content=content))
    for name in ('O', 'O8', 'V8', 'U2', 'S8', 'M8', 'f8,O', 'c16', 'g', 'object', '', '>f8'):
        yield f'dtype_{name.replace(">", "big")}', checkpoint(dtype(name))
        yield f'array_{name.replace(">", "big")}', checkpoint(array(of=dtype(name)))
    for name, state in (
        ('fields', (3, '|', None, ('f',), {'f': (OBJECT, 0)}, 8, 1, 63)),
        ('subarray', (3, '|', (OBJECT, (1,)), None, None, 8, 1, 63)),
        ('flags', (3, '<', None, None, None, -1, -1, 63)),
        ('order', (3, 'x', None, None, None, -1, -1, 0)),
        ('list', [3]),
    ):
        forged = built(call('numpy dtype', 'f8', False, True), state)
        yield f'dtype_state_{name}', checkpoint(array(of=forged))
    yield 'scalar_object', checkpoint(call('numpy._core.multiarray scalar', OBJECT, b'A' * 8))
    yield 'scalar_short', checkpoint(call('numpy.core.multiarray scalar', dtype(), b'A'))
    yield 'scalar_arity', checkpoint(call('numpy.core.multiarray scalar'))
    yield 'codec', checkpoint(call('_codecs encode', 'a', 'zlib'))
    yield 'codec_wide', checkpoint(call('_codecs encode', '\u0394', 'latin1'))
    for name, change in (
        ('length', dict(max_length=-1)), ('lists', dict(_log_history=[1.0])),
        ('two', dict(_log_history=array((2,), content=b'\0' * 16))), ('extra', dict(mean=1)),
        ('method', dict(statistics_methods={'mean': 1})), ('flat', dict(_count_history=array(()))),
        ('infinite', dict(max_length=2**62)), ('itself', dict(_log_history=history())),
    ):  # fmt: skip
        yield f'history_{name}', checkpoint(history(**change))
    yield 'history_bare', checkpoint(made(HISTORY))
    yield 'history_class', checkpoint(named(HISTORY))
    yield 'history_called', checkpoint(call(HISTORY))
    yield 'history_twice', checkpoint(built(history(), {}))
