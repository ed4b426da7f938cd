# SPDX-License-Identifier: Apache-2.0
"""Pipelines whose errors name the file that caused them."""

from mmengine.dataset import Compose

from ..errors import MissingFileError, UserError
from ..labels.spaces import IGNORE_INDEX
from .image_files import check_exists, decode
from .nested_datasets import parts_of
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
        """Raises an error that names the broken or narrow file of a sample, if there is one."""
        image, size, own = info['img_path'], None, self.check.own
        for path in files_of(info):
            check_exists(path, self.check.where, 'Put the file back.')
            if own is None:  # else files may be of any kind
                found = decode(path).shape[:2]
                size = size or found  # the image is the first
                check_same_size(path, found, image, size, self.check.where)
        if size is not None:
            self.check.check_width(image, size)
        if 'seg_map_path' in info:
            self.check.check_all(info)
        elif own is not None:
            own.load(info, self.check.where)


def name_broken_files(dataset, where: str) -> None:
    """Replaces the pipeline of a data set, and of those in it, by :class:`NamingPipeline`.

    Args:
        dataset: Of mmseg, or one that holds some; others stay as they are.
        where (str): Its config key, for the messages.
    """
    for part in parts_of(dataset):
        if isinstance(part.pipeline, Compose) and not isinstance(part.pipeline, NamingPipeline):
            part.pipeline = NamingPipeline(part.pipeline, check_of(part, where))
