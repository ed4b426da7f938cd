# SPDX-License-Identifier: Apache-2.0
"""Which unlabeled images to label next: scores, choice, labels to begin with, and their page."""
