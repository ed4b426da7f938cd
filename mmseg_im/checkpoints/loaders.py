# SPDX-License-Identifier: Apache-2.0
"""Replaces mmengine's checkpoint loaders: ``load_from``, ``resume`` and ``init_cfg`` use ours."""

import hashlib
import http.client
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_rank
from mmengine.fileio import get_file_backend
from mmengine.runner import checkpoint as mmengine_checkpoint

from ..errors import UserError
from .reading import Place, load, load_file

SILENCE = 60.0
"""float: Seconds without an answer after which a download ends."""


def load_from_local(filename: str, map_location: Place = None) -> dict:
    """Reads a checkpoint file, see :func:`.reading.load_file`."""
    return load_file(filename, map_location)


def load_from_ceph(filename: str, map_location: Place = None) -> dict:
    """Reads a checkpoint from an object store."""
    backend = get_file_backend(filename, backend_args=dict(backend='petrel'))
    return load(io.BytesIO(backend.get(filename)), filename, map_location)


def load_from_http(filename: str, map_location: Place = None) -> dict:
    """Downloads a checkpoint into torch's cache, once, and reads it.

    Raises:
        UserError: If it cannot be downloaded or read.
    """
    path = os.path.join(torch.hub.get_dir(), 'checkpoints', _name_in_cache(filename))
    if get_rank() == 0:
        _download(filename, path)
    barrier()
    _download(filename, path)  # on a machine without rank 0
    try:
        with open(path, 'rb') as file:
            return load(file, filename, map_location)
    except OSError as error:
        raise UserError(f'{path}, from {filename}, cannot be read ({error.strerror}).') from error
    except UserError:  # cut off or worse: the next try downloads it again
        Path(path).unlink(missing_ok=True)
        raise


def _name_in_cache(url: str) -> str:
    """Returns the file name of a download: its own and a hash of the address.

    A name alone, even one that ends in a hash, can be given to another file at another address.
    """
    try:
        stem, suffix = os.path.splitext(os.path.basename(urlparse(url).path))
    except ValueError as error:
        raise UserError(f'{url!r} is no address ({error}). Correct it.') from error
    return f'{stem}-{hashlib.sha256(url.encode()).hexdigest()[:16]}{suffix}'


def _download(url: str, path: str) -> None:
    if os.path.isfile(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    before = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(SILENCE)
        torch.hub.download_url_to_file(url, path, progress=os.isatty(0))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UserError(
            f'{url!r} cannot be downloaded ({error}). Download it by other means and put it at '
            f'{path}.'
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def load_from_torchvision(filename: str, map_location: Place = None) -> dict:
    """Resolves ``torchvision://NAME`` and loads that URL."""
    return _load_known(mmengine_checkpoint.get_torchvision_models(), filename, map_location)


def load_from_openmmlab(filename: str, map_location: Place = None) -> dict:
    """Resolves ``open-mmlab://NAME``, old names too, and loads that URL or file."""
    prefix, _, name = filename.partition('://')
    name = mmengine_checkpoint.get_deprecated_model_names().get(name, name)
    known = mmengine_checkpoint.get_external_models()
    return _load_known(known, f'{prefix}://{name}', map_location)


def load_from_mmcls(filename: str, map_location: Place = None) -> dict:
    """Resolves ``mmcls://NAME``, loads that URL and takes out the backbone."""
    content = _load_known(mmengine_checkpoint.get_mmcls_models(), filename, map_location)
    return mmengine_checkpoint._process_mmcls_checkpoint(content)


def _load_known(known: dict[str, str], filename: str, map_location: Place) -> dict:
    source = known.get(filename.partition('://')[2])
    if source is None:
        raise UserError(f'{filename}: mmengine knows no pretrained weights of this name.')
    return mmengine_checkpoint.CheckpointLoader.load_checkpoint(source, map_location)


def load_from_pavi(filename: str, map_location: Place = None) -> dict:
    """Refuses: this store's client unpickles files itself."""
    raise UserError(f'{filename}: pavi:// is not supported. Download the file and name its path.')


def register_loaders() -> None:
    """Registers our loaders in place of mmengine's.

    A file that asks for more than tensors, plain values and a Runner's message hub is refused with
    a UserError that names it; ``MMSEG_IM_TRUST_CHECKPOINT=<that file>`` is the one switch that
    trusts it.
    """
    schemes: dict[tuple[str, ...], Callable] = {
        ('',): load_from_local,
        (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'): load_from_ceph,
        ('http://', 'https://'): load_from_http,
        ('modelzoo://', 'torchvision://'): load_from_torchvision,
        ('open-mmlab://', 'openmmlab://'): load_from_openmmlab,
        ('mmcls://',): load_from_mmcls,
        ('pavi://',): load_from_pavi,
    }
    for prefixes, loader in schemes.items():
        mmengine_checkpoint.CheckpointLoader.register_scheme(list(prefixes), loader, force=True)
