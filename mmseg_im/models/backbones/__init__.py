# SPDX-License-Identifier: Apache-2.0
from .additive_unet import AdditiveUNet
from .dinov2 import DINOv2
from .efficientnet_lite import EfficientNetLite

__all__ = ['AdditiveUNet', 'DINOv2', 'EfficientNetLite']
