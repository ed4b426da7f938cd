# SPDX-License-Identifier: Apache-2.0
"""The same run gives the same losses on both software stacks.

``losses.json`` was written on the openmmlab stack by this file run as a script; the suite compares
it with whatever stack it runs on.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner

from tests.conftest import make_demo_cfg

RECORD = Path(__file__).with_name('losses.json')


class Record(Hook):
    """Keeps the losses of every step."""

    def __init__(self):
        self.steps = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.steps.append({k: float(v) for k, v in outputs.items() if 'loss' in k})


def losses(cfg) -> list[dict]:
    runner = Runner.from_cfg(cfg)
    record = Record()
    runner.register_hook(record)
    runner.train()
    return record.steps


def test_losses_are_those_of_the_other_stack(demo_cfg):
    recorded = json.loads(RECORD.read_text())
    steps = losses(demo_cfg)
    assert len(steps) == len(recorded) == 8
    for i, (step, other) in enumerate(zip(steps, recorded, strict=True)):
        assert step.keys() == other.keys()
        # processors round differently, and eight steps amplify it
        tolerance = 1e-4 if i == 0 else 0.02
        np.testing.assert_allclose(
            list(step.values()), list(other.values()), rtol=tolerance, atol=tolerance / 10
        )


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        shapes = dict(data_root=f'{folder}/shapes', num_train=12, num_labeled=4, num_val=2, size=32)
        steps = losses(make_demo_cfg(shapes, Path(folder)))
    RECORD.write_text(json.dumps(steps, indent=1) + '\n')
    sys.stdout.write(f'{RECORD}: {len(steps)} steps\n')
