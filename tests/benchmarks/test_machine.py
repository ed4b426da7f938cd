# SPDX-License-Identifier: Apache-2.0
"""What a benchmark measured is not lost for want of a folder."""

import json
import sys

from benchmarks.machine import summary, write


def test_write(tmp_path):
    path = tmp_path / 'new' / 'step.json'
    write(str(path), seconds=summary([3.0, 1.0, 2.0]))
    content = json.loads(path.read_text())
    assert content['seconds'] == dict(median=2.0, low=1.0, high=3.0)
    assert content['command'] == sys.argv and content['machine']['torch']
    assert [p.name for p in path.parent.iterdir()] == ['step.json']
