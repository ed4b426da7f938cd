# SPDX-License-Identifier: Apache-2.0
"""The three label spaces (multi-class, binary, multi-label) and operations on label maps."""
