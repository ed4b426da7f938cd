# SPDX-License-Identifier: Apache-2.0
"""Networks for use without this package: one graph from pictures to labels, written and checked."""
