# SPDX-License-Identifier: Apache-2.0
"""Pipelines whose errors name the file that caused them, or the transform."""

import copy
import traceback

from mmcv.transforms import BaseTransform
from mmengine.dataset import BaseDataset, Compose

from ..errors import MissingFileError, UserError
from ..labels.spaces import IGNORE_INDEX
from .image_files import check_exists, decode
from .nested_datasets import parts_of
from .random_state import seeded
from .sample_files import IDS, MULTI_LABEL, SampleCheck, check_of, check_same_size, files_of


class NamingPipeline(Compose):
    """The transforms of a data set; an error that a broken file causes names the file.

    Files may break during a run. No file is read a second time unless a transform fails, or an
    annotation has another size than its image or a value that no class has.

    Args:
        pipeline (Compose): The transforms.
        check (SampleCheck): Checks the files of a sample that failed.
    """

    def __init__(self, pipeline: Compose, check: SampleCheck):
        super().__init__(pipeline.transforms)
        self.check = check

    def __call__(self, data: dict) -> dict | None:
        info = dict(data)  # transforms add to the dict
        try:
            for transform in self.transforms:
                data = transform(data)
                if data is None:
                    return None
                if type(transform).__name__ == self.check.loader and 'gt_seg_map' in data:
                    self._check_label(data, info)
        except (UserError, MissingFileError):
            raise
        except Exception:  # what a broken file raises depends on the reader
            self._blame(info)
            raise
        return data

    def _check_label(self, data: dict, info: dict) -> None:
        label, check = data['gt_seg_map'], self.check
        several = check.loader == MULTI_LABEL
        if label.ndim != 2 + several or label.shape[:2] != data.get('ori_shape', label.shape[:2]):
            self._blame(info)
        elif check.loader == IDS and (label >= check.num_classes).any():
            wrong = label[(label >= check.num_classes) & (label != IGNORE_INDEX)]
            if wrong.size:
                self._blame(info)
                raise UserError(  # the file is right, but MMSegmentation maps it to other ids
                    f'{check.where}: {info["seg_map_path"]} gives the class id {int(wrong[0])}, '
                    f'and there are {check.num_classes} classes. Correct the annotation or the '
                    'classes in metainfo.'
                )

    def _blame(self, info: dict) -> None:
        """Raises an error that names the broken file of a sample; returns if none is broken."""
        image, size, own = info['img_path'], None, self.check.own
        for path in files_of(info):
            check_exists(path, self.check.where, 'Put the file back.')
            if own is None:  # else files may be of any kind
                found = decode(path).shape[:2]
                size = size or found  # the image is the first
                check_same_size(path, found, image, size, self.check.where)
        if 'seg_map_path' in info:
            self.check.check_all(info)
        elif own is not None:
            own.load(info, self.check.where)


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
    """Runs a pipeline once before training, so that a mistake in it does not wait for a worker.

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
            return pipeline(copy.deepcopy(info))  # transforms add to its lists
    except (UserError, MissingFileError):
        raise
    except Exception as error:  # whatever a transform raises
        reason = ' '.join(str(error).split())  # in one line
        raise UserError(
            f'{where}: {_failed(error)} fails on the first image, {info["img_path"]}: '
            f'{type(error).__name__}: {reason.rstrip(".")}. Correct this step of the pipeline.'
        ) from error


def _failed(error: Exception) -> str:
    """Returns the class of the innermost transform in which an error was raised."""
    name = 'a transform'
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = frame.f_locals
        if isinstance(found.get('self'), Compose) and 'transform' in found:  # any callable
            name = type(found['transform']).__name__
        elif isinstance(found.get('self'), BaseTransform):
            name = type(found['self']).__name__
    return name


def name_broken_files(dataset, where: str) -> None:
    """Replaces the pipeline of a data set, and of those in it, by :class:`NamingPipeline`.

    Args:
        dataset: Of mmseg, or one that holds some; others stay as they are.
        where (str): Its config key, for the messages.
    """
    for part in parts_of(dataset):
        if isinstance(part.pipeline, Compose) and not isinstance(part.pipeline, NamingPipeline):
            part.pipeline = NamingPipeline(part.pipeline, check_of(part, where))
