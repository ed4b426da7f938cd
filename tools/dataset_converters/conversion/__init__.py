# SPDX-License-Identifier: Apache-2.0
"""From downloaded archives to the folder trees that the configs expect.

Each module holds one data set; ``tools/dataset_converters`` calls them. What they share: reading
archives (:mod:`.source`), finding them (:mod:`.finding`), running the work in parallel
(:mod:`.jobs`), coding images (:mod:`.images`) and drawing lists (:mod:`.lists`).
"""
