# SPDX-License-Identifier: Apache-2.0
from .dinov2 import DINOv2

__all__ = ['DINOv2']
