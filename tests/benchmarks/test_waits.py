# SPDX-License-Identifier: Apache-2.0
"""Which lines of a step wait for the GPU."""

import warnings

import pytest
import torch
from benchmarks.waits import lines_of, waits


def test_warnings_of_cuda_are_counted_by_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        for line in (49, 49, 57):
            warnings.warn_explicit(
                'called a synchronizing CUDA operation (Triggered internally at ...)',
                UserWarning,
                '/x/mmseg/models/losses/accuracy.py',
                line,
            )
        warnings.warn('something else', stacklevel=1)
    assert lines_of(caught) == {'losses/accuracy.py:49': 2, 'losses/accuracy.py:57': 1}


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_a_value_that_is_read_back_is_found():
    value = torch.ones((), device='cuda')
    (line,) = waits(lambda: value.item())
    assert line.startswith('benchmarks/test_waits.py:')
