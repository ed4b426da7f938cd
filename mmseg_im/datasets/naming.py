# SPDX-License-Identifier: Apache-2.0
"""Errors of a pipeline that name the file which is to blame."""

import torch
from mmengine.dataset import Compose

from ..errors import MissingFileError, UserError
from ..label_space import IGNORE_INDEX
from .image_files import check_exists, decode
from .parts import parts_of
from .sample_files import IDS, SampleCheck, check_of, files_of


class NamingPipeline(Compose):
    """The transforms of a data set; if they fail because of a file, the error names it.

    Files may break while a run lasts. Nothing is read a second time unless a transform fails, or
    what comes out does not fit: an annotation of another size, a value that no class has.

    Args:
        pipeline (Compose): The transforms.
        check (SampleCheck): How to look at the files of a sample that failed.
    """

    def __init__(self, pipeline: Compose, check: SampleCheck):
        super().__init__(pipeline.transforms)
        self.check = check

    def __call__(self, data: dict) -> dict | None:
        info = dict(data)  # transforms add to the dict
        try:
            packed = super().__call__(data)
        except (UserError, MissingFileError):
            raise
        except Exception:  # what a broken file raises depends on the reader
            self._blame(info)
            raise
        problem = misfit(packed, self.check)
        if problem is not None:
            self._blame(info)
            if problem:
                raise UserError(f'{self.check.where}: {info["seg_map_path"]} {problem}')
        return packed

    def _blame(self, info: dict) -> None:
        """Raises what is wrong with the files, if something is."""
        for path in files_of(info):
            check_exists(path, self.check.where, 'Put the file back, then go on with --resume.')
            decode(path)
        if self.check.loader is not None and 'seg_map_path' in info:
            self.check.wholly(info)


def name_broken_files(dataset, where: str) -> None:
    """Lets the pipelines of a data set, and of those that it holds, name files that break.

    Args:
        dataset: Of mmseg, or one that holds some; one of another kind is left alone.
        where (str): Its config key, for the messages.
    """
    for part in parts_of(dataset):
        if isinstance(part.pipeline, Compose) and not isinstance(part.pipeline, NamingPipeline):
            part.pipeline = NamingPipeline(part.pipeline, check_of(part, where))


def misfit(packed: dict | None, check: SampleCheck) -> str | None:
    """What does not fit in a packed sample; '' where its files may tell, None if nothing."""
    inputs = (packed or {}).get('inputs')
    sample = (packed or {}).get('data_samples')
    if check.loader is None or not torch.is_tensor(inputs) or 'gt_sem_seg' not in sample:
        return None
    label = sample.gt_sem_seg.data
    # test pipelines resize the image and not the annotation
    if label.shape[-2:] not in (inputs.shape[-2:], sample.metainfo.get('ori_shape')):
        return ''
    if check.loader != IDS:
        return None
    wrong = (label >= check.num_classes) & (label != IGNORE_INDEX)
    if not wrong.any():
        return None
    return (
        f'gives the class id {int(label[wrong][0])}, and there are {check.num_classes} classes (0 '
        f'to {check.num_classes - 1}; {IGNORE_INDEX} = ignored). Correct the annotation or the '
        'classes in metainfo.'
    )
