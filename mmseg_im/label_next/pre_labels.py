# SPDX-License-Identifier: Apache-2.0
"""Labels to begin an annotation with: files in the form of the data set's annotations."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..datasets.image_files import PRESENT, UNDECIDED
from ..labels.spaces import IGNORE_INDEX


def stored_ids(
    label: np.ndarray, reduce_zero_label: bool, label_map: Mapping[int, int] | None
) -> np.ndarray:
    """Turns class ids into the values that annotation files have.

    Args:
        label (np.ndarray): (H, W) uint8 class ids; 255 stays.
        reduce_zero_label (bool): Whether the loader of the files subtracts 1.
        label_map (Mapping[int, int], optional): The loader's classes by value in a file; of two
            values for one class, the first is taken.

    Returns:
        np.ndarray: (H, W) uint8.
    """
    table = np.arange(IGNORE_INDEX + 1)
    for value, cls in reversed([*(label_map or {}).items()]):
        if 0 <= cls < IGNORE_INDEX:
            table[cls] = value
    if reduce_zero_label:
        table[:IGNORE_INDEX] += 1
    return table.clip(max=IGNORE_INDEX).astype(np.uint8)[label]


def pre_label(
    label: np.ndarray, mask: np.ndarray, name: str, classes: Sequence[str], is_ids: bool = True,
    reduce_zero_label: bool = False, label_map: Mapping[int, int] | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Returns the files with the agreed label of one image.

    Args:
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (M, H, W) bool, where the voters disagree.
        name (str): Of the annotation, without suffix.
        classes (Sequence[str]): Class names; where classes overlap (M > 1), each has a folder.
        is_ids (bool): With M = 1: whether annotations are class ids with 255 for "ignored", or 0
            and any other value.
        reduce_zero_label (bool): See :func:`stored_ids`.
        label_map (Mapping[int, int], optional): See :func:`stored_ids`.

    Returns:
        dict[str, np.ndarray]: (H, W) uint8 by relative path: ids with 255 where the voters
        disagree; or 0 and 255 (present) with 128 there.
    """
    if len(label) == 1 and is_ids:
        ids = stored_ids(label[0], reduce_zero_label, label_map)
        return {f'{name}.png': np.where(mask[0], np.uint8(IGNORE_INDEX), ids)}
    names = [f'{cls}/{name}.png' for cls in classes] if len(label) > 1 else [f'{name}.png']
    present = np.where(mask, UNDECIDED, PRESENT * (label == 1)).astype(np.uint8)
    return dict(zip(names, present, strict=True))
