# SPDX-License-Identifier: Apache-2.0
"""Turns labels of every task into one binary map for each class, for metrics."""

import numpy as np

from ..labels.spaces import IGNORE_INDEX


def class_masks(sample: dict, num_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns prediction and annotation of one image as binary maps, in every label space.

    Args:
        sample (dict): ``pred_sem_seg`` and ``gt_sem_seg`` with ``data``: (1, H, W) class ids, or
            (K, H, W) of 0 and 1 for overlapping classes; 255 in the annotation is ignored.
        num_classes (int): C.

    Returns:
        tuple[np.ndarray, np.ndarray, np.ndarray]: Three (C, H, W) bool: predicted, annotated,
        known (not ignored).
    """
    pred, label = (sample[key]['data'].cpu().numpy() for key in ('pred_sem_seg', 'gt_sem_seg'))
    if len(label) > 1:
        return pred == 1, label == 1, label != IGNORE_INDEX
    ids = np.arange(num_classes)[:, None, None]
    return (
        pred == ids,
        label == ids,
        np.broadcast_to(label != IGNORE_INDEX, (num_classes, *label.shape[1:])),
    )
