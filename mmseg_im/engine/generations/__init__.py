# SPDX-License-Identifier: Apache-2.0
from .settings import Generations, read_settings

__all__ = ['Generations', 'read_settings']
