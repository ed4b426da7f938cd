# SPDX-License-Identifier: Apache-2.0
"""Loads one sample through a pipeline before training; an error names the transform."""

import copy
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from mmcv.transforms import BaseTransform
from mmengine.dataset import BaseDataset, Compose

from ..errors import MissingFileError, UserError
from .nested_datasets import parts_of, transforms_of
from .random_state import seeded

PACKAGES = 'mmcv', 'mmseg', 'mmseg_im'


def try_first_sample(dataset: BaseDataset, where: str) -> dict | None:
    """Loads the first sample of a data set, and returns it; see :func:`try_pipeline`."""
    return try_pipeline(dataset.pipeline, dataset.get_data_info(0), f'{where}.pipeline')


def try_first_samples(dataset, where: str) -> None:
    """Loads the first sample of a data set of mmseg, or of each that it holds.

    Args:
        dataset: One that has ``tries_pipelines`` did so when it was built.
        where (str): Its config key.

    Raises:
        UserError, MissingFileError: See :func:`try_pipeline`.
    """
    for part in () if getattr(dataset, 'tries_pipelines', False) else parts_of(dataset):
        try_first_sample(part, where)


def try_pipeline(pipeline: Compose, info: dict, where: str) -> dict | None:
    """Runs a pipeline before training, so that a mistake in it does not wait for a worker.

    Once as in training, and once with every step that is drawn with a probability.

    Args:
        pipeline (Compose): Of a data set.
        info (dict): Data info of one sample, which stays as it is.
        where (str): Config key of the pipeline, for the message.

    Returns:
        dict: The sample; None if the pipeline leaves it out.

    Raises:
        UserError: If a transform fails; the message names it.
        MissingFileError: If a file is missing.
    """
    try:
        with seeded(0):  # what training draws stays the same
            sample = pipeline(copy.deepcopy(info))  # transforms add to its lists
        with seeded(0), rarely_drawn(pipeline) as steps:
            if steps:
                pipeline(copy.deepcopy(info))
        return sample
    except (UserError, MissingFileError):
        raise
    except Exception as error:  # whatever a transform raises
        reason = ' '.join(str(error).split())  # in one line
        raise UserError(
            f'{where}: {failed_step(error)} fails on the first image, {info["img_path"]}: '
            f'{type(error).__name__}: {reason.rstrip(".")}. Correct this step of the pipeline.'
        ) from error


@contextmanager
def rarely_drawn(pipeline: Compose) -> Iterator[list]:
    """Lets the steps of a pipeline that have a probability run for sure; yields them."""
    steps = [
        (step, step.prob)
        for step in transforms_of(pipeline)
        if type(step).__module__.partition('.')[0] in PACKAGES  # where it means what it says
        and isinstance(getattr(step, 'prob', None), float)
        and 0 < step.prob < 1
    ]
    for step, _ in steps:
        step.prob = 1.0
    try:
        yield [step for step, _ in steps]
    finally:
        for step, prob in steps:
            step.prob = prob


def failed_step(error: Exception, name: str = 'a transform') -> str:
    """Returns the class of the innermost transform in which an error was raised, else ``name``."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = frame.f_locals
        if isinstance(found.get('self'), Compose) and 'transform' in found:  # any callable
            name = type(found['transform']).__name__
        elif isinstance(found.get('self'), BaseTransform):
            name = type(found['self']).__name__
    return name


def first_sample(dataset: BaseDataset, where: str) -> dict:
    """Loads the first sample of a data set, also of one that joins others; {} if it is left out."""
    if isinstance(dataset, BaseDataset):
        return try_first_sample(dataset, where) or {}
    try_first_samples(dataset, where)  # of each of them: an error names its step
    with seeded(0):  # what training draws stays the same
        return dataset[0]
