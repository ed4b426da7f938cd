# SPDX-License-Identifier: Apache-2.0
"""Pictures, plots, and the page of an analysis; independent of training runs."""
