# SPDX-License-Identifier: Apache-2.0
"""Checks that no image of validation or test is trained on."""

import logging
import os.path as osp

from mmengine import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ..datasets.checks import build_evaluation, check_evaluation
from ..datasets.first_samples import try_first_samples
from ..datasets.pseudo_labeled import PseudoLabeledDataset
from ..datasets.semi_dataset import SemiDataset
from ..errors import UserError
from ..errors.wording import counted


def held_out(cfg: Config, look: bool = True) -> dict[str, set[str]]:
    """Returns the image paths of ``val_dataloader`` and ``test_dataloader``.

    Args:
        cfg (Config): With both.
        look (bool): Whether to check all their files; otherwise the first sample alone.

    Raises:
        UserError: If there is no validation, or a file is broken.
    """
    found = {}
    for name in ('val_dataloader', 'test_dataloader'):
        if cfg.get(name) is None:
            if name == 'val_dataloader':
                raise UserError('val_dataloader is missing: validation ranks the students.')
            continue
        dataset = build_evaluation(cfg[name].dataset, f'{name}.dataset')
        if look:
            check_evaluation(dataset, f'{name}.dataset')
        else:
            try_first_samples(dataset, f'{name}.dataset')
        found[name] = image_paths(dataset)
    return found


def warn_of_common(measured: dict[str, set[str]]) -> None:
    """Warns if images of the test are also images of the validation, which ranks the students."""
    common = measured['val_dataloader'] & measured.get('test_dataloader', set())
    if common:
        print_log(
            f'Both validation and test hold {counted(len(common), "image")}, such as '
            f'{min(common)}: validation chooses the students, so what the report calls test is no '
            'fair measure.',
            logger='current',
            level=logging.WARNING,
        )


def _parts(dataset) -> list[BaseDataset]:
    """Returns the data sets that read files, within a data set."""
    if isinstance(dataset, BaseDataset):
        return [dataset]
    if isinstance(dataset, PseudoLabeledDataset | SemiDataset):
        return [*_parts(dataset.labeled), *_parts(dataset.unlabeled)]
    if hasattr(dataset, 'datasets'):
        return [part for one in dataset.datasets for part in _parts(one)]
    if hasattr(dataset, 'dataset'):
        return _parts(dataset.dataset)
    raise UserError(
        f'{type(dataset).__name__} does not list its images, so it cannot be checked that no '
        'validation or test image is trained on. Use a data set of mmseg.'
    )


def image_paths(dataset) -> set[str]:
    """Returns the files of all images of a data set, its parts included."""
    return {
        osp.realpath(part.get_data_info(i)['img_path'])
        for part in _parts(dataset)
        for i in range(len(part))
    }


def refuse_common(paths: set[str], measured: dict[str, set[str]], where: str) -> None:
    """Raises a UserError if images to train on are also images of validation or test."""
    for name, others in measured.items():
        common = sorted(paths & others)
        if common:
            raise UserError(
                f'{where} holds {counted(len(common), "image")} of {name}, such as {common[0]}: '
                'what is trained on must not be measured on. Take them out of the list.'
            )
