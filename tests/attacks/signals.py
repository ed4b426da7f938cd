# SPDX-License-Identifier: Apache-2.0
"""A hook that has a training stopped from outside at a certain moment, with its workers alive."""

import multiprocessing
import os
import signal

from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module(force=True)
class SignalHook(Hook):
    """Sends a signal to the workers, then to the process, as to a group, in some iteration."""

    def __init__(self, name: str, at: int):
        self.number, self.at = getattr(signal, name), at

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter == self.at:
            children = multiprocessing.active_children()
            assert children, 'no worker is alive'
            for child in children:
                os.kill(child.pid, self.number)
            os.kill(os.getpid(), self.number)
