# SPDX-License-Identifier: Apache-2.0
"""Writes files atomically, and checks files of others before they are used."""

from .mmengine_storage import register_whole_files
from .whole import plain_numbers, read_json, write_aside, write_json, write_png

__all__ = [
    'plain_numbers',
    'read_json',
    'register_whole_files',
    'write_aside',
    'write_json',
    'write_png',
]
