# SPDX-License-Identifier: Apache-2.0
"""A small source for a converter, and its run."""

from pathlib import Path

import numpy as np

from tests.conversion.archives import encode, noise
from tests.tool_runs import Ended, run_tool

IMAGE = encode(noise(8, 8), '.bmp')
MASK = encode(np.zeros((8, 8), np.uint8))
GOOD = {f'Dataset 1/{i:03d}{s}': c for i in range(10) for s, c in (('.bmp', IMAGE), ('.png', MASK))}


def convert(tmp_path: Path, tool: str = 'wbc', source: Path | None = None) -> Ended:
    """Runs a converter on ``in``, or on a source; what it writes lies in ``out`` alone."""
    out = tmp_path / 'deep' / 'out'
    ended = run_tool(
        f'dataset_converters/{tool}.py', source or tmp_path / 'in', '--out', out,
        log=tmp_path / 'log',
    )  # fmt: skip
    known = {'in', 'deep', 'log', 'marker', 'elsewhere'}
    assert {path.name for path in tmp_path.iterdir()} <= known, 'something was written elsewhere'
    assert not any((tmp_path / 'deep').glob('*')) or list((tmp_path / 'deep').iterdir()) == [out]
    return ended
