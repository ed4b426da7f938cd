# SPDX-License-Identifier: Apache-2.0
"""Finds the transforms of a pipeline that read files in a way of their own, and reads with them."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import MissingFileError, UserError
from .first_samples import failed_step
from .nested_datasets import transforms_of

PACKAGES = ('mmcv', 'mmengine', 'mmseg', 'mmseg_im')
KNOWN: dict[str, dict[str, tuple]] = {
    'LoadImageFromFile': dict(color_type=('color',), imdecode_backend=('cv2', None)),
    'LoadAnnotations': dict(imdecode_backend=('pillow',)),
}
"""dict: Loaders that need not be asked, with the options under which that holds."""


@dataclass(frozen=True)
class OwnLoading:
    """Reads samples with the first transforms of a pipeline.

    Attributes:
        steps (Sequence[Callable]): The transforms.
        image (bool): Whether one of them reads the image in a way of its own.
        label (bool): Whether one of them may read the annotation so.
        opencv (bool): Whether the image is a file that OpenCV knows.
    """

    steps: Sequence[Callable]
    image: bool
    label: bool
    opencv: bool

    def load(self, info: dict, where: str) -> tuple[tuple[int, ...], np.ndarray | None]:
        """Returns the size of an image and its annotation, as the pipeline reads them.

        Args:
            info (dict): Of the data set.
            where (str): Its config key, for the message.

        Returns:
            tuple: Height and width, and ``gt_seg_map``, None if ``label`` is False or no transform
                adds one.

        Raises:
            MissingFileError, UserError: If a transform fails, with its name and that of the file.
        """
        steps = iter(self.steps)
        data = self._until_image(steps, info, where)
        size = data.get('ori_shape') or data['img'].shape[:2]
        while self.label and 'gt_seg_map' not in data:
            step = next(steps, None)
            if step is None:
                break
            data = _made(step, data, info, where)
        return tuple(size), data.get('gt_seg_map') if self.label else None

    def load_image(self, info: dict, where: str) -> np.ndarray:
        """Returns the image, (H, W) or (H, W, C), of any depth; see :meth:`load`."""
        return self._until_image(iter(self.steps), info, where)['img']

    def _until_image(self, steps: Iterator[Callable], info: dict, where: str) -> dict:
        data = dict(copy.deepcopy(info), seg_fields=[])
        for step in steps:  # the first of them need not read it
            data = _made(step, data, info, where)
            if 'img' in data:
                return data
        raise UserError(f'{where}: no transform of the pipeline loads an image (adds img).')


def _made(step: Callable, data: dict, info: dict, where: str) -> dict:
    name, path = type(step).__name__, info['img_path']
    try:
        made = step(data)
    except (UserError, MissingFileError):
        raise
    except Exception as error:  # what it raises is the user's choice
        raise UserError(
            f'{where}: {failed_step(error, name)} of the pipeline fails on {path} '
            f'({type(error).__name__}: {error}). '
            'Replace the file, or correct the transform.'
        ) from error
    if made is None:
        raise UserError(
            f'{where}: {name} of the pipeline returns nothing for {path}. Take it out of the list.'
        )
    return made


def own_loading(dataset: BaseDataset, label: bool) -> OwnLoading | None:
    """Returns how the pipeline of a data set reads its files; None if as the checks do.

    Args:
        dataset (BaseDataset): Of mmseg.
        label (bool): Whether its annotations may be read by a transform that is not known.
    """
    nested = list(transforms_of(dataset.pipeline))  # also what RandomApply and the like hold
    own = any(map(is_own, nested))
    readers = [step for step in nested if type(step).__name__ == 'LoadImageFromFile']
    found = OwnLoading(
        getattr(dataset.pipeline, 'transforms', ()),
        # a transform of the user's own beside a loader that is known does something else
        image=own and all(map(is_own, readers)),
        label=own and label,
        opencv=any(getattr(r, 'imdecode_backend', None) in ('cv2', None) for r in readers),
    )
    return found if found.image or found.label else None


def is_own(transform: object) -> bool:
    """Returns whether a transform may read a file otherwise than the checks do."""
    module = type(transform).__module__
    if module.partition('.')[0] not in PACKAGES:
        return True
    known = KNOWN.get(type(transform).__name__)
    if known is not None:
        return any(getattr(transform, key, right[0]) not in right for key, right in known.items())
    return module.endswith('transforms.loading') and not module.startswith('mmseg_im.')
