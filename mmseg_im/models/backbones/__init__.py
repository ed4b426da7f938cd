# SPDX-License-Identifier: Apache-2.0
from .additive_unet import AdditiveUNet
from .dinov2 import DINOv2

__all__ = ['AdditiveUNet', 'DINOv2']
