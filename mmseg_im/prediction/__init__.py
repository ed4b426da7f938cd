# SPDX-License-Identifier: Apache-2.0
"""Predicts folders of images of any size, and says where the networks are not sure."""
