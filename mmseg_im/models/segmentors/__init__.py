# SPDX-License-Identifier: Apache-2.0
from .ensemble import EnsembleSegmentor
from .semi_segmentor import SemiCascadeSegmentor, SemiMixin, SemiSegmentor

__all__ = ['EnsembleSegmentor', 'SemiCascadeSegmentor', 'SemiMixin', 'SemiSegmentor']
