# SPDX-License-Identifier: Apache-2.0
"""Peak memory of a stretch of code, on the device if there is one."""

import re
from pathlib import Path

import torch


class PeakMemory:
    """Measures from its construction on: memory of a GPU, else resident memory (Linux)."""

    def __init__(self):
        self.cuda = torch.cuda.is_available()
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
            self.before = torch.cuda.memory_allocated() / 2**20
        else:
            Path('/proc/self/clear_refs').write_text('5')  # forgets the peak so far
            self.before = _status('VmRSS')

    def above(self) -> float:
        """MiB at the peak above what was in use at the beginning."""
        peak = torch.cuda.max_memory_allocated() / 2**20 if self.cuda else _status('VmHWM')
        return peak - self.before


def _status(key: str) -> float:
    text = Path('/proc/self/status').read_text()
    return int(re.search(rf'{key}:\s+(\d+) kB', text)[1]) / 1024
