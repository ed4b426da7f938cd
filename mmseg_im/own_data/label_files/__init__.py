# SPDX-License-Identifier: Apache-2.0
"""Reads and writes the label files of annotation tools: outlines in JSON and XML."""
