# SPDX-License-Identifier: Apache-2.0
"""Differences between the two software stacks, and mmcv-lite; no other file knows them."""

import importlib.util
import multiprocessing
import sys
import types
from collections.abc import Callable
from typing import Any

import cv2
import torch

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

    module.__getattr__ = missing_operator  # type: ignore[method-assign]  # of a module: PEP 562
    sys.modules['mmcv._ext'] = module


class _ImportsPackage:
    """Imports this package where it is unpickled."""


def reach_spawned_processes() -> None:
    """Makes processes that are spawned (not forked) import this package before anything else.

    A data set of mmseg could otherwise not be loaded there with mmcv-lite, and the other changes
    that this package makes when it is imported would be missing.
    """
    # a child's configuration is a copy of its parent's, and comes before what the child works on
    multiprocessing.current_process()._config['mmseg_im'] = _ImportsPackage()  # type: ignore[attr-defined]


def swaps_channels(data_preprocessor: torch.nn.Module) -> bool:
    """Returns whether a data preprocessor turns BGR into RGB; the stacks name it differently."""
    for name in ('_channel_conversion', 'channel_conversion'):
        if hasattr(data_preprocessor, name):
            return getattr(data_preprocessor, name)
    return False


def opencv_log() -> Any:
    """Returns where OpenCV has ``getLogLevel`` and ``setLogLevel``; None if it has not."""
    found = getattr(getattr(cv2, 'utils', None), 'logging', cv2)  # its place before OpenCV 5
    return found if hasattr(found, 'setLogLevel') else None
