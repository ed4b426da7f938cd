# SPDX-License-Identifier: Apache-2.0
"""From a folder of images and a folder of masks to a config that trains."""
