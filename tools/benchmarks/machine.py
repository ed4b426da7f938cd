# SPDX-License-Identifier: Apache-2.0
"""What a measurement was made on, and how its runs spread."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

from mmseg_im.files.atomic import write_json

PACKAGES = ('torch', 'numpy', 'opencv-python', 'mmengine', 'onedl-mmengine', 'mmsegmentation',
            'onedl-mmsegmentation', 'mmcv', 'mmcv-lite', 'onedl-mmcv')  # fmt: skip


def machine() -> dict:
    """Processor, device and versions, for the JSON of a benchmark."""
    info = dict(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        device='cpu',
        python=platform.python_version(),
    )
    if torch.cuda.is_available():
        info.update(device=torch.cuda.get_device_name(), cuda=torch.version.cuda)
    for name in PACKAGES:
        try:
            info[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return info


def _processor() -> str:
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest of repeated measurements."""
    return dict(median=float(np.median(values)), low=min(values), high=max(values))


def in_ms(seconds: dict[str, float]) -> str:
    """``'83.5 (81.0 to 90.2)'``: a :func:`summary` of seconds, in milliseconds."""
    median, low, high = (1000 * seconds[key] for key in ('median', 'low', 'high'))
    return f'{median:.1f} ({low:.1f} to {high:.1f})'


def write(path: str | None, **content) -> None:
    """Writes the JSON of a benchmark, with the command and the machine, if a file is named."""
    if path is not None:
        content = dict(command=sys.argv, machine=machine(), **content)
        write_json(path, content)
