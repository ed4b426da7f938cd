# SPDX-License-Identifier: Apache-2.0
"""One process of a generational run: generational_worker.py CONFIG, with RANK set for DDP."""

import os
import sys

import torch
from mmengine import Config
from mmengine.registry import RUNNERS

import mmseg_im  # noqa: F401


def main() -> None:
    cfg = Config.fromfile(sys.argv[1])
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    if 'RANK' in os.environ:
        # mmengine's own start of a process group asks for CUDA; an existing one it takes.
        torch.distributed.init_process_group('gloo')
        cfg.launcher = 'pytorch'
        cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None)
    RUNNERS.build(cfg).train()


if __name__ == '__main__':
    main()
