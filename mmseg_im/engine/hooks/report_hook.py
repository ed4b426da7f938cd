# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a training at its end."""

import logging

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ..run_report.run_page import write_run_report


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes ``report.html`` into the ``work_dir`` when a training ends.

    ``tools/report.py WORK_DIR`` writes it at any other time. A report that cannot be written is a
    warning: the training is done.
    """

    priority = 'LOWEST'

    @master_only
    def after_train(self, runner) -> None:
        """Writes the page."""
        try:
            page = write_run_report(runner.work_dir)
        except Exception as error:  # a backend of the visualizer may write anything
            print_log(
                f'The report is missing ({type(error).__name__}: {error}). Training is finished; '
                f'python tools/report.py {runner.work_dir} writes it again.',
                logger='current',
                level=logging.WARNING,
            )
        else:
            print_log(f'Report: {page}', logger='current')
