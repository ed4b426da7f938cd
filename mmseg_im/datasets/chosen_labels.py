# SPDX-License-Identifier: Apache-2.0
"""Chooses the pseudo-labels from which a student learns."""

import math
from array import array
from collections.abc import Sequence

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ..errors import UserError
from .pseudo_label_files import (
    MAX_DRAWS,
    Quality,
    image_name,
    label_files,
    overlapping_classes,
    read_index,
)

WHERE = 'train_dataloader.dataset.labels'


class PseudoLabeledInfos(Sequence[dict]):
    """The data infos of images with their pseudo-labels, each made when it is asked for.

    What is kept of an image are numbers in arrays: processes that load data share them.

    Args:
        dataset (BaseDataset): Of mmseg, with the images.
        labels (str): Folder of the pseudo-labels.
        classes (list[str], optional): Class names where classes overlap.
        numbers (np.ndarray): (N,) of the images in ``dataset``.
        ignored (tuple[np.ndarray, np.ndarray], optional): Classes that lose their label, those of
            all images in a row, and (N,) where those of each image end.
    """

    def __init__(
        self,
        dataset: BaseDataset,
        labels: str,
        classes: list[str] | None,
        numbers: np.ndarray,
        ignored: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.dataset, self.labels, self.classes = dataset, labels, classes
        self.numbers, self.ignored = numbers, ignored

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i):
        info = self.dataset.get_data_info(int(self.numbers[i]))
        if self.ignored is not None:
            classes, ends = self.ignored
            info['ignored_classes'] = classes[ends[i - 1] if i else 0 : ends[i]].tolist()
        name = image_name(info['img_path'], self.dataset.data_prefix['img_path'])
        return with_label(info, label_files(self.labels, name, self.classes))


def choose(
    unlabeled: BaseDataset, labels: str, draws: str, filters: dict
) -> tuple[PseudoLabeledInfos, np.ndarray]:
    """Returns the images that pass the filters, and (N,) how often to draw each.

    Args:
        unlabeled (BaseDataset): Of mmseg, with all images.
        labels (str): Folder of the pseudo-labels.
        draws (str): See :class:`~.pseudo_labeled.PseudoLabeledDataset`.
        filters (dict): Likewise, ``max_ratio``, ``same_classes`` and ``min_foreground``.

    Raises:
        MissingFileError, UserError: If the labels are not finished, are damaged, or are of other
            classes, or if none is left.
    """
    index = read_index(labels)
    classes = list(unlabeled.metainfo['classes'])
    if index.head['classes'] != classes:
        raise UserError(
            f'{WHERE}: {labels} was written for the classes {", ".join(index.head["classes"])}, '
            f'and the data has {", ".join(classes)}.'
        )
    quality = Quality(labels, len(classes)) if draws == 'quality' else None
    folder = unlabeled.data_prefix['img_path']
    numbers, counts, ignored, ends = array('q'), array('q'), array('B'), array('q')
    for i in range(len(unlabeled)):
        name = image_name(unlabeled.get_data_info(i)['img_path'], folder)
        row = index.get(name)
        if row is None or not passes(row, **filters):
            continue  # a teacher returned NaN, or a filter rejects it
        count = draws_by_mask(row['masked']) if draws == 'masked' else 1
        if quality is not None:
            judged = quality[name]
            count = judged['draws']
            if count:
                ignored.extend(judged['ignored_classes'])
                ends.append(len(ignored))
        if count:
            numbers.append(i)
            counts.append(count)
    if not numbers:
        raise UserError(
            f'{WHERE}: none of the {len(index)} pseudo-labeled images in {labels} is left: the '
            'filters (max_ratio, same_classes, min_foreground, draws) reject all of them, or the '
            'index has other names. Loosen the filters, or train better teachers.'
        )
    print_log(
        f'{len(numbers)} of {len(unlabeled)} unlabeled images have a pseudo-label in {labels} that '
        f'passes the filters; they are drawn {sum(counts)} times in a pass.',
        logger='current',
    )
    infos = PseudoLabeledInfos(
        unlabeled,
        labels,
        overlapping_classes(index.head),
        np.array(numbers),
        None if quality is None else (np.array(ignored), np.array(ends)),
    )
    return infos, np.array(counts)


def draws_by_mask(masked: float) -> int:
    """Returns how often to draw an image: 1 to 5 times, by its unmasked share; 0 without any."""
    return math.ceil(MAX_DRAWS * (1 - masked) - 1e-9)


def passes(row: dict, max_ratio: float, same_classes: bool, min_foreground: bool) -> bool:
    """Returns whether a row of an index passes the filters."""
    if row['masked'] > max_ratio or (same_classes and not row['same_classes']):
        return False
    if not min_foreground:
        return True
    agreed = sum(row['pixels'])  # of a task with one label map
    foreground = row['pixels'][1] / max(agreed, 1) * (1 - row['masked'])
    return agreed > 0 and foreground > row['masked'] + 1e-9  # equal counts do not pass


def with_label(info: dict, files: dict) -> dict:
    """Returns the data info of an unlabeled image with its pseudo-label and mask for annotations.

    Args:
        info (dict): Of a data set of mmseg.
        files (dict): From :func:`~.pseudo_label_files.label_files`.
    """
    paths = dict(seg_map_path=files['labels'], inconsistency_path=files['masks'])
    return dict(info, **paths, reduce_zero_label=False, label_map=None)  # already class ids
