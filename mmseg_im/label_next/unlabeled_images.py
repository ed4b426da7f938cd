# SPDX-License-Identifier: Apache-2.0
"""The unlabeled images of a training config, read as its test reads images."""

import copy
import os
import os.path as osp

from mmengine import Config
from mmengine.dataset import BaseDataset

from ..datasets.annotation_steps import without_annotations
from ..datasets.checks import build_checked
from ..errors import UserError
from ..generations.configs import nodes

SEMI_SUPERVISED = ('SemiDataset', 'PseudoLabeledDataset')


def unlabeled_images(cfg: Config) -> BaseDataset:
    """Builds the data set of the unlabeled images of a config.

    They are those of ``unlabeled_dataloader`` (generations) or ``unlabeled`` of the training data
    set. Their pipeline is that of the test without its annotations, so that no label is read, also
    where the images have some.

    Raises:
        UserError: If the config has none, or their list is empty.
        MissingFileError: If a file is missing.
    """
    where, dataset = _unlabeled_config(cfg)
    pipeline = copy.deepcopy(without_annotations(test_pipeline(cfg)))
    return build_checked(dict(dataset, pipeline=pipeline, test_mode=True), where, labeled=False)


def _unlabeled_config(cfg: Config) -> tuple[str, dict]:
    if cfg.get('unlabeled_dataloader'):
        return 'unlabeled_dataloader.dataset', cfg.unlabeled_dataloader.dataset
    for node in nodes(cfg.get('train_dataloader')):
        if node.get('type') in SEMI_SUPERVISED and node.get('unlabeled'):
            dataset = dict(node['unlabeled'])
            if node.get('split') is not None:
                dataset['ann_file'] = osp.join(node['split'], 'unlabeled.txt')
            return 'train_dataloader.dataset.unlabeled', dataset
    raise UserError(
        'The config has no unlabeled images: neither unlabeled_dataloader nor a SemiDataset in '
        'train_dataloader. Name the config of a semi-supervised training.'
    )


def test_loader(cfg: Config) -> dict:
    """Returns ``test_dataloader``, or ``val_dataloader`` where there is none.

    Raises:
        UserError: If there is neither.
    """
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    if loader is None:
        raise UserError(
            'The config has neither test_dataloader nor val_dataloader, whose pipeline says how '
            'images are read for a prediction. Add one.'
        )
    return loader


def test_pipeline(cfg: Config) -> list[dict]:
    """Returns the pipeline of the test, which loads annotations, too."""
    dataset = test_loader(cfg).get('dataset')
    pipeline = next((node['pipeline'] for node in nodes(dataset) if 'pipeline' in node), None)
    if pipeline is None:
        raise UserError('test_dataloader.dataset has no pipeline: it says how images are read.')
    return pipeline


def names_of(dataset: BaseDataset) -> list[str]:
    """Returns the names of all images as lists have them: below the folder, without suffix."""
    folder, suffix = dataset.data_prefix['img_path'], dataset.img_suffix
    paths = (dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
    return [osp.relpath(p, folder).replace(os.sep, '/').removesuffix(suffix) for p in paths]
