# SPDX-License-Identifier: Apache-2.0
"""What a config says about predicting other images than its own."""

from pathlib import Path
from typing import Any

from mmengine import Config
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from ..datasets.annotation_steps import transform_class, without_annotations
from ..datasets.own_loading import OwnLoading, own_loading
from ..deploy.trained_size import test_dataset, trained_size
from .said_pipeline import SaidPipeline
from .written_labels import Labels

CROP = 512, 512
"""tuple[int, int]: Window for large images where a config says nothing of what training sees."""


def folder_dataset(cfg: Config, images: Path, names: Path, resize: bool) -> BaseDataset:
    """Builds a data set of a folder that is read as the test of a config reads its images.

    Args:
        cfg (Config): Of the network; where it has no test, its validation counts.
        images (Path): The folder.
        names (Path): List of its files, one a line.
        resize (bool): Whether a ``Resize`` of the pipeline is kept.

    Returns:
        BaseDataset: Of samples, see :class:`~.said_pipeline.SaidPipeline`.
    """
    known = test_dataset(cfg)
    steps = without_annotations(known['pipeline'])
    named = transform_class(dict(type='Resize'))
    pipeline = [step for step in steps if resize or transform_class(step) is not named]
    dataset = DATASETS.build(
        dict(
            type='BaseSegDataset',
            metainfo=_metainfo(known),
            img_suffix='',
            ann_file=str(names),
            data_prefix=dict(img_path=str(images)),
            pipeline=pipeline,
            test_mode=True,
        )
    )
    dataset.pipeline = SaidPipeline(dataset.pipeline)
    return dataset


def own_reading(cfg: Config) -> tuple[OwnLoading | None, str]:
    """Returns how the test of a config reads images in a way of its own, and their suffix.

    None: three channels of 8 bits, as MMSegmentation reads them by default.
    """
    known = test_dataset(cfg)
    pipeline = without_annotations(known['pipeline'])
    dataset = DATASETS.build(dict(known, lazy_init=True, pipeline=pipeline))
    suffix = Path(f'image{getattr(dataset, "img_suffix", "")}').suffix
    return own_loading(dataset, label=False), suffix


def labels_of(cfg: Config) -> Labels:
    """Returns the form of the label maps that predictions of a config have."""
    known = _metainfo(test_dataset(cfg))
    return Labels(known['classes'], known['palette'])


def training_crop(cfg: Config) -> tuple[int, int]:
    """Returns height and width of what a network saw in training, as far as its config says it."""
    return trained_size(cfg) or CROP


def _metainfo(known: Any) -> dict:
    return dict(DATASETS.build(dict(known, lazy_init=True, pipeline=[])).metainfo)
