# SPDX-License-Identifier: Apache-2.0
"""Training in generations: teachers label, students learn, the best of them teach next."""

from .page import write_report
from .runner import GenerationalRunner
from .settings import Generations, read_settings
from .summary import classes_found, print_summary, read_summary

__all__ = [
    'GenerationalRunner',
    'Generations',
    'classes_found',
    'print_summary',
    'read_settings',
    'read_summary',
    'write_report',
]
