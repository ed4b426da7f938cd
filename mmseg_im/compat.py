# SPDX-License-Identifier: Apache-2.0
"""The only place that knows about versions: two software stacks, safe checkpoints, mmcv-lite."""

import contextlib
import functools
import importlib.util
import io
import os
import pickle
import re
import sys
import types
from collections.abc import Callable, Iterator

import numpy as np
import torch

from .errors import MissingFileError, UserError

TRUST_VARIABLE = 'MMSEG_IM_TRUST_CHECKPOINT'

_INSTALL_HINT = (
    'mmseg_im needs MMSegmentation 1.x, and {missing!r} cannot be imported. Install one of the '
    'two stacks in a clean environment: pip install "mmseg_im[openmmlab]" (mmsegmentation 1.2.2 '
    'with mmcv-lite) or pip install "mmseg_im[onedl]" (the maintained fork).'
)


def require_openmmlab() -> None:
    """Checks that mmseg, mmengine and mmcv are there.

    Raises:
        ImportError: If one of them is missing; the message names both ways to install it.
    """
    for name in ('mmengine', 'mmcv', 'mmseg'):
        if importlib.util.find_spec(name) is None:
            raise ImportError(_INSTALL_HINT.format(missing=name))


def install_mmcv_ext_placeholder() -> None:
    """Lets mmseg 1.2.2 be imported with an mmcv that has no compiled operators.

    mmseg 1.2.2 imports ``mmcv.ops`` unconditionally, and that imports ``mmcv._ext``. Nothing in
    mmseg_im calls a compiled operator, so a placeholder module is enough; calling one of its
    operators raises an error that says how to get it. With a full mmcv this does nothing.
    """
    if 'mmcv._ext' in sys.modules or importlib.util.find_spec('mmcv._ext') is not None:
        return
    module = types.ModuleType('mmcv._ext', 'Stands in for the compiled operators of mmcv.')
    # mmengine's environment report asks importlib for the spec of every mmcv module.
    module.__spec__ = importlib.util.spec_from_loader('mmcv._ext', loader=None)

    def missing_operator(name: str) -> Callable:
        if name.startswith('__'):  # __path__, __file__ ...: the import system asks for these
            raise AttributeError(name)

        def operator(*args, **kwargs):
            raise RuntimeError(
                f'mmcv was installed without its compiled operators, and {name!r} is one of '
                'them. Build them with pip install --no-build-isolation "mmcv==2.1.0" '
                '(needs a compiler, ninja and setuptools<82).'
            )

        return operator

    module.__getattr__ = missing_operator
    sys.modules['mmcv._ext'] = module


def _history_statistic(owner: object, name: str) -> Callable:
    """Stands in for ``builtins.getattr`` while a checkpoint is read.

    A Runner's message hub pickles HistoryBuffer's statistics methods as
    ``getattr(HistoryBuffer, 'mean')``. Only these four are handed out.
    """
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer or name not in ('min', 'max', 'mean', 'current'):
        raise pickle.UnpicklingError(f'the checkpoint asks for getattr(..., {name!r})')
    return getattr(HistoryBuffer, name)


def _number_dtype(name: str, *_) -> np.dtype:
    """Stands in for ``numpy.dtype`` while a checkpoint is read.

    A forged dtype could make NumPy take bytes of the file for pointers to objects, so only the
    built-in number types are handed out; these ignore the state that a file gives them.
    """
    if name not in ('b1', 'u1', 'i4', 'i8', 'f2', 'f4', 'f8'):
        raise pickle.UnpicklingError(f'the checkpoint asks for numpy.dtype({name!r})')
    return np.dtype(name)


def _safe_globals() -> list:
    """What a checkpoint of mmengine's Runner holds beside tensors and plain Python values."""
    from mmengine.logging import HistoryBuffer

    scalars = (np.bool_, np.int32, np.int64, np.uint8, np.float16, np.float32, np.float64)
    return [
        HistoryBuffer,
        (_history_statistic, 'builtins.getattr'),
        (_number_dtype, 'numpy.dtype'),
        np.ndarray,
        *(type(np.dtype(scalar)) for scalar in scalars),
        # NumPy 1 pickles these under numpy.core, NumPy 2 under numpy._core.
        *(
            (function, f'{package}.{function.__name__}')
            for function in (np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0])
            for package in ('numpy._core.multiarray', 'numpy.core.multiarray')
        ),
    ]


@contextlib.contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Sets or, with None, removes one environment variable for the time of a ``with`` block."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def is_trusted(filename: str) -> bool:
    """Whether the user named this very file or URL in ``MMSEG_IM_TRUST_CHECKPOINT``.

    The variable holds one file or URL, or several files separated like those of ``PATH``.
    """

    def absolute(path: str) -> str:
        return os.path.abspath(os.path.expanduser(path))

    value = os.environ.get(TRUST_VARIABLE, '')
    if filename == value:
        return True
    return absolute(filename) in map(absolute, filter(None, value.split(os.pathsep)))


def _refusal(filename: str, error: Exception) -> str:
    try:
        asked = ', '.join(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(filename)))
    except (OSError, ValueError, RuntimeError):  # a URL, or a file of before torch 1.6
        asked = ''
    guarded = re.search(r'the checkpoint (asks for .*?\))', str(error))
    reason = f'it asks for {asked}' if asked else 'it holds more than tensors and plain values'
    if guarded:
        reason = f'it {guarded[1]}'
    return (
        f'{filename} is refused because loading it would run code: {reason}. If you trust where '
        f'it comes from, set the environment variable {TRUST_VARIABLE}={filename} and try again.'
    )


def _safely(loader: Callable) -> Callable:
    """Wraps one of mmengine's checkpoint loaders so that nothing in the file is executed."""

    @functools.wraps(loader)  # mmengine logs a part of the loader's name
    def load(filename: str, map_location=None):
        trusted = is_trusted(filename)
        # The variables reach every torch.load below, those that ask for less included.
        with (
            _environment('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1' if trusted else None),
            _environment('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None if trusted else '1'),
            torch.serialization.safe_globals(_safe_globals()),
        ):
            try:
                return loader(filename, map_location)
            except pickle.UnpicklingError as error:
                raise UserError(_refusal(filename, error)) from None
            except (EOFError, RuntimeError) as error:
                if isinstance(error, RuntimeError) and 'PytorchStreamReader' not in str(error):
                    raise
                raise UserError(
                    f'{filename} cannot be read as a checkpoint: {error}. It may be truncated; '
                    'write or download it again.'
                ) from error

    return load


def load_from_local(filename: str, map_location=None) -> dict:
    """Reads a checkpoint file. The fork's own loader allows the real ``getattr``; this does not.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    filename = os.path.expanduser(filename)
    if not os.path.isfile(filename):
        raise MissingFileError(f'The checkpoint {filename} does not exist.')
    return torch.load(filename, map_location=map_location)


def load_from_ceph(filename: str, map_location=None) -> dict:
    """Reads a checkpoint from an object store; for the same reason as :func:`load_from_local`."""
    from mmengine.fileio import get_file_backend

    backend = get_file_backend(filename, backend_args=dict(backend='petrel'))
    return torch.load(io.BytesIO(backend.get(filename)), map_location=map_location)


def load_from_openmmlab(filename: str, map_location=None) -> dict:
    """Resolves ``open-mmlab://NAME`` and loads that URL or file.

    Raises:
        UserError: If no such name is known.
    """
    from mmengine.runner import checkpoint as mmengine_checkpoint

    name = filename.partition('://')[2]
    name = mmengine_checkpoint.get_deprecated_model_names().get(name, name)
    source = mmengine_checkpoint.get_external_models().get(name)
    if source is None:
        raise UserError(f'{filename}: mmengine knows no pretrained weights of this name.')
    return mmengine_checkpoint.CheckpointLoader.load_checkpoint(source, map_location)


def load_from_pavi(filename: str, map_location=None) -> dict:
    """Refuses: this store's client unpickles files itself."""
    raise UserError(f'{filename}: pavi:// is not supported. Download the file and name its path.')


def register_safe_loaders() -> None:
    """Makes every checkpoint load of mmengine safe: ``load_from``, ``resume``, ``init_cfg``.

    Uses mmengine's extension point, the schemes of ``CheckpointLoader``. A file that holds more
    than tensors, plain values and a Runner's message hub is refused with a ValueError that names
    what it asked for; ``MMSEG_IM_TRUST_CHECKPOINT=<that file>`` is the one switch that trusts it.
    """
    from mmengine.runner import checkpoint as mmengine_checkpoint

    schemes = {
        ('',): load_from_local,
        (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'): load_from_ceph,
        ('http://', 'https://'): mmengine_checkpoint.load_from_http,
        ('modelzoo://', 'torchvision://'): mmengine_checkpoint.load_from_torchvision,
        ('open-mmlab://', 'openmmlab://'): load_from_openmmlab,
        ('mmcls://',): mmengine_checkpoint.load_from_mmcls,
        ('pavi://',): load_from_pavi,
    }
    for prefixes, loader in schemes.items():
        mmengine_checkpoint.CheckpointLoader.register_scheme(
            list(prefixes), _safely(loader), force=True
        )


def swaps_channels(data_preprocessor: torch.nn.Module) -> bool:
    """Whether a data preprocessor turns BGR into RGB (the two stacks name the flag differently)."""
    for name in ('_channel_conversion', 'channel_conversion'):
        if hasattr(data_preprocessor, name):
            return getattr(data_preprocessor, name)
    return False
