# SPDX-License-Identifier: Apache-2.0
"""Imported once by the server that forks the processes of tools: importing takes seconds."""

import gc
import importlib

import torch
import torch._dynamo  # the first optimiser of a process imports it
from mmengine.config import Config  # noqa: F401
from mmengine.runner import Runner  # noqa: F401

import mmseg_im  # noqa: F401  (before mmseg: it makes mmcv-lite enough)

torch.set_num_threads(1)
# as in conftest.py: configs without yapf, and collections that skip what was imported
for module in ('mmengine.config.config', 'yapf.yapflib.yapf_api'):
    importlib.import_module(module).FormatCode = lambda text, **_: (text, True)
gc.collect()
gc.freeze()
