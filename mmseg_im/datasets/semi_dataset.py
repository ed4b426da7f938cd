# SPDX-License-Identifier: Apache-2.0
"""Labeled and unlabeled images in one data set."""

import logging
import os.path as osp
from collections.abc import Iterator

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmseg.registry import DATASETS

from ..errors import UserError
from ..errors.wording import counted
from .checks import build_checked
from .first_samples import first_sample
from .nested_datasets import Infos, parts_of
from .seeded import NOT_SET, Seeded


@DATASETS.register_module()
class SemiDataset(Seeded):
    """Pairs every unlabeled image with a labeled one drawn at random.

    An epoch is one pass over the unlabeled images, as in the papers, unless ``num_samples`` says
    otherwise. A sample is ``dict(inputs={view: image}, data_samples={view: sample})`` with the
    view ``sup`` for the labeled image beside the unlabeled pipeline's views.

    Args:
        labeled (dict): Config of a data set of mmseg whose pipeline ends in ``PackSegInputs``, or
            of a :class:`PseudoLabeledDataset`, whose samples all count as labeled.
        unlabeled (dict): Config of a data set of mmseg without ``seg_map_path``, whose pipeline
            begins with ``LoadEmptyAnnotations`` after the image and ends in ``MultiView``.
        split (str, optional): Folder, relative to both data sets' ``data_root``, with the lists
            ``labeled.txt`` and ``unlabeled.txt``. They are read in place of what ``ann_file`` of
            both data sets says, which may come from a base config.
        num_samples (int, optional): Length of an epoch, so that splits of different sizes make
            the same number of updates. Passes over the unlabeled images, in a fixed random order,
            go on where the last epoch stopped.

    Raises:
        MissingFileError, UserError: See :func:`~.checks.build_checked`.
    """

    def __init__(
        self,
        labeled: dict,
        unlabeled: dict,
        split: str | None = None,
        num_samples: int | None = None,
    ):
        super().__init__()
        if num_samples is not None and num_samples < 1:
            raise UserError(
                f'train_dataloader.dataset.num_samples={num_samples} must be 1 or more.'
            )
        if split is not None:
            _check_takes_lists(labeled=labeled, unlabeled=unlabeled)
            labeled = _with_list(labeled, osp.join(split, 'labeled.txt'), 'labeled')
            unlabeled = _with_list(unlabeled, osp.join(split, 'unlabeled.txt'), 'unlabeled')
        self.labeled = _build_labeled(labeled)
        where = 'train_dataloader.dataset.unlabeled'
        self.unlabeled = build_checked(unlabeled, where, labeled=False)
        sample = first_sample(self.unlabeled, where)
        if not isinstance(sample.get('inputs'), dict):
            raise UserError(
                f'{where}.pipeline must end in MultiView, which makes the views of an unlabeled '
                'image.'
            )
        if not isinstance(self.labeled, Seeded):
            _warn_of_common_images(self.labeled, self.unlabeled)
        self._size = num_samples or len(self.unlabeled)
        self._order = np.random.default_rng(0).permutation(len(self.unlabeled))

    @property
    def metainfo(self) -> dict:
        """dict: Classes and palette of the labeled images."""
        return self.labeled.metainfo

    def __len__(self) -> int:
        return self._size

    def set_epoch(self, seed: int, epoch: int) -> None:
        super().set_epoch(seed, epoch)
        if isinstance(self.labeled, Seeded):
            self.labeled.set_epoch(seed, epoch)

    def load(self, index: int) -> dict:
        partner = np.random.randint(len(self.labeled))
        nested = isinstance(self.labeled, Seeded)
        sup = self.labeled.load(partner) if nested else self.labeled[partner]
        if self._size != len(self.unlabeled):
            index = self._in_passes(index)
        sample = self.unlabeled[index]
        return {key: dict(sup=sup[key], **sample[key]) for key in ('inputs', 'data_samples')}

    def _in_passes(self, index: int) -> int:
        epoch = int(self._clock[1])
        if epoch == NOT_SET:  # without SeedHook passes are not counted: at random
            return np.random.randint(len(self.unlabeled))
        return int(self._order[(epoch * self._size + index) % len(self.unlabeled)])


def _check_takes_lists(**cfgs: dict) -> None:
    """Raises a UserError if a data set has no list of its own, because it holds others."""
    for name, cfg in cfgs.items():
        inner = next((key for key in ('datasets', 'dataset', 'labeled') if key in cfg), None)
        if inner is not None:
            where = f'train_dataloader.dataset.{name}'
            raise UserError(
                f'train_dataloader.dataset.split replaces the list (ann_file) of {name}, and '
                f'{cfg["type"]} has none of its own, only {where}.{inner}. Leave split out (None), '
                f'and set ann_file of each data set in {where}.{inner}.'
            )


def _with_list(cfg: dict, path: str, name: str) -> dict:
    if cfg.get('ann_file') not in (None, '', path):
        print_log(
            f'train_dataloader.dataset.split replaces {name}.ann_file={cfg["ann_file"]!r} by '
            f'{path!r}. To use ann_file, set split=None.',
            logger='current',
            level=logging.WARNING,
        )
    return dict(cfg, ann_file=path)


def _build_labeled(cfg: dict) -> BaseDataset | Seeded:
    cls = DATASETS.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    if cls is not None and issubclass(cls, Seeded):
        return DATASETS.build(cfg)
    where = 'train_dataloader.dataset.labeled'
    dataset = build_checked(cfg, where, labeled=True)
    sample = first_sample(dataset, where)
    if 'inputs' not in sample:
        raise UserError(f'{where}.pipeline must end in PackSegInputs, which packs the sample.')
    return dataset


def _warn_of_common_images(labeled: BaseDataset, unlabeled: BaseDataset) -> None:
    def paths(dataset: BaseDataset) -> Iterator[str]:
        infos = (info for part in parts_of(dataset) for info in Infos(part))
        return (osp.abspath(info['img_path']) for info in infos)

    few = set(paths(labeled))
    common = {path for path in paths(unlabeled) if path in few}
    if common:
        print_log(
            f'The labeled list names {len(common)} of {counted(len(unlabeled), "unlabeled image")} '
            f'as well, such as {min(common)}: what is in both is trained on twice.',
            logger='current',
            level=logging.WARNING,
        )
