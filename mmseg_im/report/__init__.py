# SPDX-License-Identifier: Apache-2.0
from .page import write_report
from .summary import print_summary, read_summary

__all__ = ['print_summary', 'read_summary', 'write_report']
