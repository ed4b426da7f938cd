# SPDX-License-Identifier: Apache-2.0
"""Keeps out of the log what other packages tell their own developers, or tell too often."""

import logging
import os
import warnings

from mmengine.logging import MMLogger
from mmengine.model import BaseModule

from ..compat import opencv_log

NOBODYS = (
    r'``build_loss`` would be deprecated',  # mmseg calls it itself
    r'The draw is False',  # so it says in the config
    r'Default ``avg_non_ignore`` is False',  # of a loss with class weights
    r'For binary segmentation, we suggest using',  # also of two classes that overlap
)
"""tuple[str]: How Python warnings begin that a user cannot follow."""
ONCE = (r'<class .*> instance named of .* has been created',)
"""tuple[str]: How Python warnings begin that come with every network or run of a process."""
FOR_DEBUGGING = (
    'paramwise_options -- ',  # four lines for each parameter
    'The prefix is not set in metric class ',
    ' got empty `self.results`.',  # also where no image has what a metric measures
    '"FileClient" will be deprecated in future.',  # mmengine calls it itself
    '"HardDiskBackend" is the alias of "LocalBackend"',
    'Config:\n',  # hundreds of lines; the file is in the work_dir
    'Hooks will be executed in the following order:\n',  # likewise
)
"""tuple[str]: Parts of messages in the log that it holds with ``log_level='DEBUG'`` alone."""
_DUMP_INIT = BaseModule._dump_init_info  # into the log file: three lines for each parameter
OPENCV_ERRORS = 2
"""int: OpenCV's level of errors, without its warnings."""
ENVIRONMENT = '\n' + '-' * 60 + '\nSystem environment:'
"""str: How the message begins with the versions of all packages, which a bug report needs."""


def quiet() -> None:
    """Takes these messages out of every log of the process, whichever tool or Runner writes it."""
    for text in NOBODYS:
        warnings.filterwarnings('ignore', text, UserWarning)
    for text in ONCE:
        warnings.filterwarnings('once', text, UserWarning)
    opencv = opencv_log()
    if opencv is not None and 'OPENCV_LOG_LEVEL' not in os.environ:
        # of each GeoTIFF a line: a tag that OpenCV does not know
        opencv.setLogLevel(min(opencv.getLogLevel(), OPENCV_ERRORS))
    # a method of logging's that mmengine's logger inherits
    MMLogger.filter = _filter  # type: ignore[method-assign]
    BaseModule._dump_init_info = _dump_init  # type: ignore[method-assign]


def _filter(logger: MMLogger, record: logging.LogRecord) -> bool | logging.LogRecord:
    if not _is_debugging(logger) and any(part in str(record.msg) for part in FOR_DEBUGGING):
        return False
    return logging.Logger.filter(logger, record)


def _dump_init(module: BaseModule) -> None:
    if _is_debugging(MMLogger.get_current_instance()):
        _DUMP_INIT(module)


def _is_debugging(logger: MMLogger) -> bool:
    return any(handler.level <= logging.DEBUG for handler in logger.handlers)


def shorten_console(logger: MMLogger) -> None:
    """Leaves the environment of a Runner to its log file: the console stays readable."""
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.addFilter(lambda record: not str(record.msg).startswith(ENVIRONMENT))
