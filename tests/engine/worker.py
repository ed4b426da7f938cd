# SPDX-License-Identifier: Apache-2.0
"""Trains one process of a test: worker.py CONFIG OUTPUT, with RANK and WORLD_SIZE set for DDP.

Writes the losses of every step, the logged shares of the mask and the final weights.
"""

import os
import sys

import torch
from mmengine import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

import mmseg_im  # noqa: F401


class Recorder(Hook):
    """Keeps what the other hooks log."""

    priority = 'LOWEST'

    def __init__(self):
        self.steps = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        hub = runner.message_hub.log_scalars
        shares = {k: float(v.current()) for k, v in hub.items() if k.startswith('train/im/')}
        self.steps.append({**{k: float(v) for k, v in outputs.items()}, **shares})


def main() -> None:
    cfg = Config.fromfile(sys.argv[1])
    torch.set_num_threads(1)
    rank = int(os.environ.get('RANK', 0))
    if 'RANK' in os.environ:
        # mmengine's own start of a process group asks for CUDA; an existing one it takes.
        torch.distributed.init_process_group('gloo')
        cfg.launcher = 'pytorch'
        cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None)
    runner = Runner.from_cfg(cfg)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    model = getattr(runner.model, 'module', runner.model)
    torch.save(dict(steps=recorder.steps, weights=model.state_dict()), f'{sys.argv[2]}.{rank}')


if __name__ == '__main__':
    main()
