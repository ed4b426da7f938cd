# SPDX-License-Identifier: Apache-2.0
"""Reads checkpoints as data: no code of a file is executed, and no memory is touched by it."""

from .pretrained import CheckedPretrainedInit
from .reading import TRUST_VARIABLE, Checkpoint, is_trusted, read_checkpoint
from .resuming import guard_resume
from .schemes import register_loaders

__all__ = [
    'TRUST_VARIABLE',
    'CheckedPretrainedInit',
    'Checkpoint',
    'guard_resume',
    'is_trusted',
    'read_checkpoint',
    'register_loaders',
]
