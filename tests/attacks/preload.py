# SPDX-License-Identifier: Apache-2.0
"""Imported once by the server that forks the attacked processes: importing takes seconds."""

import mmengine.config.config
import torch
import yapf.yapflib.yapf_api
from mmengine.config import Config  # noqa: F401
from mmengine.runner import Runner  # noqa: F401

import mmseg_im  # noqa: F401  (before mmseg: it makes mmcv-lite enough)

torch.set_num_threads(1)
# mmengine formats the config of each run, which takes longer than the run
for module in (mmengine.config.config, yapf.yapflib.yapf_api):
    module.FormatCode = lambda text, **_: (text, True)
