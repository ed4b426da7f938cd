# SPDX-License-Identifier: Apache-2.0
"""Reads checkpoints as data: no code of a file is executed, and no memory is touched by it."""

from .loaders import register_loaders
from .pretrained import CheckedPretrainedInit
from .reading import TRUST_VARIABLE, Checkpoint, is_trusted, read_checkpoint
from .resumed_state import guard_resume

__all__ = [
    'TRUST_VARIABLE',
    'CheckedPretrainedInit',
    'Checkpoint',
    'guard_resume',
    'is_trusted',
    'read_checkpoint',
    'register_loaders',
]
