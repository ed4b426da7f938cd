# SPDX-License-Identifier: Apache-2.0
"""Labeled images and images with pseudo-labels from files, in one data set."""

import numpy as np
from mmseg.registry import DATASETS

from ..errors import UserError
from .checked_files import check_new
from .checks import build_checked
from .chosen_labels import PseudoLabeledInfos, choose
from .damaged_labels import check_label
from .first_samples import try_first_sample, try_pipeline
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
            1 to 5 times, the less of it is masked, see :func:`~.chosen_labels.draws_by_mask`;
            ``'quality'``: as often as the quality network decided (``quality.sqlite`` in
            ``labels``).
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
        self.pseudo: PseudoLabeledInfos | None = None
        order = np.empty(0, np.int64)
        if labels is not None:
            filters = dict(
                max_ratio=max_ratio, same_classes=same_classes, min_foreground=min_foreground
            )
            self.pseudo, counts = choose(self.unlabeled, labels, draws, filters)
            for _ in check_new(
                check_label, self.pseudo, len(self.pseudo), f'Checking {where}.labels', 'label'
            ):
                pass
            order = np.repeat(np.arange(len(self.pseudo)), counts)
            try_pipeline(self.unlabeled.pipeline, self.pseudo[0], f'{where}.unlabeled.pipeline')
        rng = np.random.default_rng(0)
        self._orders = rng.permutation(len(self.labeled)), rng.permutation(order)
        if self.pseudo is None:
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
        assert self.pseudo is not None
        info = self.pseudo[int(order[position])]
        check_label(info)  # a flipped bit may decode, to another label
        return self.unlabeled.pipeline(info)
