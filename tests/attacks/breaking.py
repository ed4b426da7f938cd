# SPDX-License-Identifier: Apache-2.0
"""Transforms for attacked configs: what goes wrong while a sample is loaded."""

import os
import signal
from pathlib import Path

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from torch.utils.data import get_worker_info

from tests.attacks.rotten import ANY, LABELS


@TRANSFORMS.register_module()
class BreakFile(BaseTransform):
    """Breaks a file, once, in a way that has a name; not in the two trials before a training."""

    def __init__(self, path: str, kind: str):
        self.path, self.kind = Path(path), kind
        self.trials = 2  # of the pipeline, and of what the model takes

    def transform(self, results: dict) -> dict:
        if get_worker_info() is None and self.trials:
            self.trials -= 1
            return results
        done = self.path.with_name(f'{self.path.name}.broken')
        if not done.exists():
            done.touch()
            (ANY | LABELS)[self.kind](self.path)
        return results


@TRANSFORMS.register_module()
class EndWorker(BaseTransform):
    """Ends the process that loads data by a signal."""

    def __init__(self, name: str):
        self.signal = signal.Signals[name]

    def transform(self, results: dict) -> dict:
        if get_worker_info() is not None:  # the process that trains tries the pipeline, too
            os.kill(os.getpid(), self.signal)
        return results
