# SPDX-License-Identifier: Apache-2.0
"""Imported once by the server that forks the attacked processes: importing takes seconds."""

import torch
from mmengine.config import Config  # noqa: F401
from mmengine.runner import Runner  # noqa: F401

import mmseg_im  # noqa: F401  (before mmseg: it makes mmcv-lite enough)

torch.set_num_threads(1)
