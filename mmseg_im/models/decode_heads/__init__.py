# SPDX-License-Identifier: Apache-2.0
from .dpt_head import UniMatchDPTHead

__all__ = ['UniMatchDPTHead']
