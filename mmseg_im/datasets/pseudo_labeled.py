# SPDX-License-Identifier: Apache-2.0
"""Labeled images and images with pseudo-labels from files, in one data set."""

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from os import PathLike

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmseg.registry import DATASETS

from ..errors import MissingFileError, UserError
from .checks import build_checked
from .first_samples import try_first_sample, try_pipeline
from .pseudo_label_files import (
    MAX_DRAWS,
    REMEDY,
    image_name,
    label_damage,
    label_files,
    overlapping_classes,
    read_index,
    read_quality,
)
from .seeded import NOT_SET, Seeded


@DATASETS.register_module()
class PseudoLabeledDataset(Seeded):
    """Draws labeled and pseudo-labeled images in a fixed ratio.

    Without ``labels`` it is the labeled images alone, so that teachers and students share a
    config. The label of a pseudo-labeled image comes from ``labels``, whatever annotations lie
    beside the image.

    An epoch has ``num_samples`` samples, of which the share ``labeled_ratio`` is labeled. Each
    source is passed through in a fixed random order, and an epoch goes on where the last one
    stopped, so that all images are seen equally often.

    Args:
        labeled (dict): Config of a data set of mmseg.
        unlabeled (dict): Likewise, without ``seg_map_path``; its pipeline loads the pseudo-label
            (``LoadAnnotations`` or ``LoadMultiLabelAnnotations``), then the mask
            (``LoadInconsistencyMask``), and ends in ``FilterInconsistentPixels`` and a packer.
        labels (str, optional): Folder that a :class:`~mmseg_im.evaluation.PseudoLabelWriter` wrote.
        labeled_ratio (float): Share of labeled samples in an epoch, in (0, 1).
        num_samples (int, optional): Length of an epoch. None: one pass over the pseudo-labeled
            images beside their share of labeled ones; without ``labels``, one pass over the
            labeled images.
        draws (str): How often a pseudo-labeled image is drawn in a pass. ``'once'``; ``'masked'``:
            1 to 5 times, the less of it is masked, see :func:`draws_by_mask`; ``'quality'``: as
            often as the quality network decided (``quality.json`` in ``labels``).
        max_ratio (float): Images whose raw mask covers more than this share are left out.
        same_classes (bool): Leave out images on which the teachers found different classes.
        min_foreground (bool): Binary tasks: leave out images whose agreed foreground is smaller
            than the raw mask or equal to it, so those with no foreground at all, too.

    Raises:
        MissingFileError, UserError: See :func:`~.checks.build_checked`; and if a label is
            missing or cut off, or no image is left.
    """

    def __init__(
        self,
        labeled: dict,
        unlabeled: dict,
        labels: str | None = None,
        labeled_ratio: float = 0.5,
        num_samples: int | None = None,
        draws: str = 'once',
        max_ratio: float = 1.0,
        same_classes: bool = False,
        min_foreground: bool = False,
    ):
        super().__init__()
        where = 'train_dataloader.dataset'
        if not 0 < labeled_ratio < 1:
            raise UserError(f'{where}.labeled_ratio={labeled_ratio} must lie between 0 and 1.')
        if num_samples is not None and num_samples < 2:
            raise UserError(f'{where}.num_samples={num_samples} must be 2 or more.')
        if draws not in ('once', 'masked', 'quality'):
            raise UserError(f"{where}.draws={draws!r} must be 'once', 'masked' or 'quality'.")
        self.labeled = build_checked(labeled, f'{where}.labeled', labeled=True)
        try_first_sample(self.labeled, f'{where}.labeled')
        # also without labels, so that every mistake shows before the first teacher is trained
        self.unlabeled = build_checked(unlabeled, f'{where}.unlabeled', labeled=False)
        self.pseudo: list[dict] = []
        order = np.empty(0, np.int64)
        if labels is not None:
            filters = dict(
                max_ratio=max_ratio, same_classes=same_classes, min_foreground=min_foreground
            )
            self.pseudo, counts = _pseudo_labeled(self.unlabeled, labels, draws, filters)
            order = np.repeat(np.arange(len(self.pseudo)), counts)
            try_pipeline(self.unlabeled.pipeline, self.pseudo[0], f'{where}.unlabeled.pipeline')
        rng = np.random.default_rng(0)
        self._orders = rng.permutation(len(self.labeled)), rng.permutation(order)
        if not self.pseudo:
            self._sizes = num_samples or len(self.labeled), 0
        else:
            total = num_samples or round(len(order) / (1 - labeled_ratio))
            share = min(max(round(labeled_ratio * total), 1), total - 1)
            self._sizes = share, total - share

    @property
    def metainfo(self) -> dict:
        """dict: Classes and palette."""
        return self.labeled.metainfo

    def __len__(self) -> int:
        return sum(self._sizes)

    def load(self, index: int) -> dict:
        epoch = int(self._clock[1])
        source = int(index >= self._sizes[0])
        order, size = self._orders[source], self._sizes[source]
        if epoch == NOT_SET:  # without SeedHook passes are not counted: at random
            position = np.random.randint(len(order))
        else:
            position = (epoch * size + index - source * self._sizes[0]) % len(order)
        if source == 0:
            return self.labeled[int(order[position])]
        info = copy.deepcopy(self.pseudo[order[position]])  # transforms append to its lists
        _check(info)  # a flipped bit may decode, to another label
        return self.unlabeled.pipeline(info)


def draws_by_mask(masked: float) -> int:
    """Returns how often to draw an image: 1 to 5 times, by its unmasked share; 0 without any."""
    return math.ceil(MAX_DRAWS * (1 - masked) - 1e-9)


def _pseudo_labeled(
    unlabeled: BaseDataset, labels: str, draws: str, filters: dict
) -> tuple[list[dict], list[int]]:
    """Returns data infos of the images that pass the filters, and how often to draw each."""
    where = 'train_dataloader.dataset.labels'
    index = read_index(labels)
    classes = list(unlabeled.metainfo['classes'])
    if index['classes'] != classes:
        raise UserError(
            f'{where}: {labels} was written for the classes {", ".join(index["classes"])}, and '
            f'the data has {", ".join(classes)}.'
        )
    quality = read_quality(labels, index) if draws == 'quality' else {}
    folder = unlabeled.data_prefix['img_path']
    infos, counts = [], []
    for i in range(len(unlabeled)):
        info = unlabeled.get_data_info(i)
        name = image_name(info['img_path'], folder)
        row = index['images'].get(name)
        if row is None or not _passes(row, **filters):
            continue  # a teacher returned NaN, or a filter rejects it
        count = draws_by_mask(row['masked']) if draws == 'masked' else 1
        if draws == 'quality':
            count = quality[name]['draws']
            info['ignored_classes'] = quality[name]['ignored_classes']
        if count == 0:
            continue
        infos.append(with_label(info, label_files(labels, name, overlapping_classes(index))))
        counts.append(count)
    if not infos:
        raise UserError(
            f'{where}: none of the {len(index["images"])} pseudo-labeled images in {labels} is '
            'left: the filters (max_ratio, same_classes, min_foreground, draws) reject all of '
            'them, or the index has other names. Loosen the filters, or train better teachers.'
        )
    print_log(
        f'{len(infos)} of {len(unlabeled)} unlabeled images have a pseudo-label in {labels} that '
        f'passes the filters; they are drawn {sum(counts)} times in a pass.',
        logger='current',
    )
    with ThreadPoolExecutor(max_workers=8) as pool:
        for _ in pool.map(_check, infos):
            pass
    return infos, counts


def with_label(info: dict, files: dict) -> dict:
    """Returns the data info of an unlabeled image with its pseudo-label and mask for annotations.

    Args:
        info (dict): Of a data set of mmseg.
        files (dict): From :func:`~.pseudo_label_files.label_files`.
    """
    paths = dict(seg_map_path=files['labels'], inconsistency_path=files['masks'])
    return dict(info, **paths, reduce_zero_label=False, label_map=None)  # already class ids


def _passes(row: dict, max_ratio: float, same_classes: bool, min_foreground: bool) -> bool:
    if row['masked'] > max_ratio or (same_classes and not row['same_classes']):
        return False
    if not min_foreground:
        return True
    agreed = sum(row['pixels'])  # of a task with one label map
    foreground = row['pixels'][1] / max(agreed, 1) * (1 - row['masked'])
    return agreed > 0 and foreground > row['masked'] + 1e-9  # equal counts do not pass


def first_damage(labels: str | PathLike) -> str | None:
    """Returns the first damage in a folder of pseudo-labels as a sentence; None if all are whole.

    Every byte of every file is read, so a flipped bit is found wherever it is.
    """
    try:
        index = read_index(labels)
    except (UserError, MissingFileError) as error:
        return str(error)
    classes = overlapping_classes(index)
    files = [label_files(labels, name, classes) for name in index['images']]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return next((damage for damage in pool.map(label_damage, files) if damage), None)


def _check(info: dict) -> None:
    damage = label_damage(dict(labels=info['seg_map_path'], masks=info['inconsistency_path']))
    if damage:
        kind = MissingFileError if 'does not exist' in damage else UserError
        raise kind(f'train_dataloader.dataset.labels: {damage} {REMEDY}')
