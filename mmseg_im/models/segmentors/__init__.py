# SPDX-License-Identifier: Apache-2.0
from .semi_segmentor import SemiCascadeSegmentor, SemiMixin, SemiSegmentor

__all__ = ['SemiCascadeSegmentor', 'SemiMixin', 'SemiSegmentor']
