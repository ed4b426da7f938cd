# SPDX-License-Identifier: Apache-2.0
from .page import write_report
from .summary import classes_found, print_summary, read_summary

__all__ = ['classes_found', 'print_summary', 'read_summary', 'write_report']
