# SPDX-License-Identifier: Apache-2.0
"""Writes the pseudo-label of one image, and describes it for the index."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..datasets.pseudo_label_files import label_files
from ..files.atomic import write_png
from ..labels.spaces import IGNORE_INDEX


def write_label(
    folder: Path, name: str, label: np.ndarray, mask: np.ndarray, classes: Sequence[str]
) -> dict:
    """Writes pseudo-label and mask of one image.

    Args:
        folder (Path): Of the pseudo-labels.
        name (str): Of the image, see :func:`~.pseudo_label_files.image_name`.
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (M, H, W) bool.
        classes (Sequence[str]): Their names.

    Returns:
        dict: The files, see :func:`~.pseudo_label_files.label_files`.
    """
    files = label_files(folder, name, list(classes) if len(label) > 1 else None)
    for kind, maps in (('labels', label), ('masks', mask)):
        maps = maps.astype(np.uint8)
        if len(maps) == 1:
            write_png(files[kind], maps[0] if kind == 'labels' else 255 * maps[0])
            continue
        for path, content in zip(files[kind].values(), maps, strict=True):
            write_png(path, 255 * content)
    return files


def describe(
    label: np.ndarray, mask: np.ndarray, voters: np.ndarray | None, num_classes: int
) -> dict:
    """Returns the entry of one image in the index.

    ``agreement`` is, averaged over the classes that a voter found, the number of pixels on which
    all agree on the class over the mean number of pixels that a voter gives it: 1 if the voters
    are equal, 0 if they share nothing. For two voters it is the Dice coefficient.

    Args:
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (M, H, W) bool.
        voters (np.ndarray, optional): (C,) pixels of each class, mean over the voters.
        num_classes (int): C.

    Returns:
        dict: ``masked`` and ``agreement`` in [0, 1], and ``pixels``, a list of C counts.
    """
    if len(label) == 1:
        kept = np.where(mask, IGNORE_INDEX, label).ravel()
        pixels = np.bincount(kept, minlength=IGNORE_INDEX + 1)[:num_classes]
    else:
        pixels = ((label == 1) & ~mask).sum(axis=(1, 2))
    if voters is None:
        voters = pixels
    found = voters > 0
    # with a share of votes below 1, more pixels can be agreed on than the mean voter found
    agreement = np.minimum(pixels[found] / voters[found], 1)
    return dict(
        masked=float(mask.any(axis=0).mean()),
        pixels=pixels.tolist(),
        agreement=float(agreement.mean()) if found.any() else 1.0,
    )
