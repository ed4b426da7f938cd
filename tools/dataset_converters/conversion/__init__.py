# SPDX-License-Identifier: Apache-2.0
"""What the converters beside this folder share, from archives to the trees that configs expect.

Reading archives (:mod:`.archives`, :mod:`.source`), finding them (:mod:`.finding`), running the
work in parallel (:mod:`.jobs`), coding images (:mod:`.images`) and drawing lists (:mod:`.lists`).
"""
