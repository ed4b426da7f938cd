# SPDX-License-Identifier: Apache-2.0
"""Tries the pipelines of later stages before the first one, on labels that are made up."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mmengine import Config
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS
from torch import nn

from ..datasets.chosen_labels import with_label
from ..datasets.first_samples import try_first_sample, try_pipeline
from ..datasets.image_files import decode
from ..datasets.own_loading import own_loading
from ..datasets.pseudo_label_files import image_name
from ..datasets.pseudo_labeled import PseudoLabeledDataset
from ..engine.sample_fit import check_fit
from ..evaluation.written_label import write_label
from ..labels.spaces import space_name
from .evalnet_settings import EvalNetSettings, judging_pipeline, labeling_pipeline


def maps_of(model: dict) -> int:
    """Returns the number of label maps of an image: one for each class where classes overlap."""
    head = model['decode_head']
    head = head[-1] if isinstance(head, list) else head
    return head['num_classes'] if space_name(model) == 'multilabel' else 1


@contextmanager
def made_up_label(dataset: BaseDataset, maps: int) -> Iterator[tuple[dict, dict]]:
    """Writes a pseudo-label of the first image, as teachers will, for as long as it is tried.

    Args:
        dataset (BaseDataset): Holds the image.
        maps (int): See :func:`maps_of`.

    Yields:
        tuple[dict, dict]: Data info of the image, and the files of its label.
    """
    info, classes = dataset.get_data_info(0), dataset.metainfo['classes']
    own = own_loading(dataset, label=False)
    where = 'unlabeled images'
    image = own.load_image(info, where) if own and own.image else decode(info['img_path'])
    shape = (maps, *image.shape[:2])
    label = np.full(shape, min(len(classes) - 1, 1), np.uint8)
    name = image_name(info['img_path'], dataset.data_prefix['img_path'])
    with tempfile.TemporaryDirectory() as folder:
        yield info, write_label(Path(folder), name, label, np.zeros(shape, bool), classes)


def try_pseudo_labeled(dataset: PseudoLabeledDataset, maps: int, model: nn.Module) -> None:
    """Loads the first pseudo-labeled sample of a student, for which no label exists yet.

    Raises:
        UserError: If its pipeline fails, or the model takes other samples.
    """
    unlabeled = dataset.unlabeled
    with made_up_label(unlabeled, maps) as (info, files):
        where = 'train_dataloader.dataset.unlabeled'
        sample = try_pipeline(unlabeled.pipeline, with_label(info, files), f'{where}.pipeline')
        check_fit(model, sample or {}, where)


def try_quality(cfg: Config, options: EvalNetSettings, labeled: dict, maps: int) -> None:
    """Loads the first sample of each stage of the quality network.

    Args:
        cfg (Config): The generational config.
        options (EvalNetSettings): Its ``generations.evalnet``.
        labeled (dict): Config of the labeled data set.
        maps (int): See :func:`maps_of`.

    Raises:
        UserError: If a pipeline fails.
    """
    where = 'generations.evalnet'
    val, unlabeled = cfg.val_dataloader.dataset, cfg.unlabeled_dataloader.dataset
    for annotated in (labeled, val):  # the folds, and what the network is validated on
        dataset = DATASETS.build(dict(annotated, pipeline=labeling_pipeline(cfg)))
        try_first_sample(dataset, 'unlabeled_dataloader.dataset')
    for data, key, pipeline in [
        (labeled, 'pipeline', options.pipeline),
        (val, 'test_pipeline', options.test_pipeline),
        (unlabeled, 'test_pipeline', judging_pipeline(options)),
    ]:
        dataset = DATASETS.build(dict(data, pipeline=pipeline))
        with made_up_label(dataset, maps) as (info, files):
            try_pipeline(dataset.pipeline, dict(info, candidate_files=files), f'{where}.{key}')
