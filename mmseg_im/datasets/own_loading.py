# SPDX-License-Identifier: Apache-2.0
"""Finds the transforms of a pipeline that read files in a way of their own, and reads with them."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import MissingFileError, UserError

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
        image (bool): Whether the first of them reads the image in a way of its own.
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
        data, done = self._image(info, where)
        size = data.get('ori_shape') or np.shape(data.get('img', 0))[:2]
        for step in self.steps[done:] if self.label else ():
            if 'gt_seg_map' in data:
                break
            data = _made(step, data, info, where)
        return tuple(size), data.get('gt_seg_map') if self.label else None

    def first(self, info: dict, where: str) -> dict:
        """Returns a sample with its image, as the transforms up to the one that reads it make it.

        Args, Raises: see :meth:`load`.
        """
        return self._image(info, where)[0]

    def _image(self, info: dict, where: str) -> tuple[dict, int]:
        data = dict(copy.deepcopy(info), seg_fields=[])
        for done, step in enumerate(self.steps, 1):
            data = _made(step, data, info, where)
            if 'img' in data:
                return data, done
        return data, len(self.steps)


def _made(step: Callable, data: dict, info: dict, where: str) -> dict:
    name, path = type(step).__name__, info['img_path']
    try:
        made = step(data)
    except (UserError, MissingFileError):
        raise
    except Exception as error:  # what it raises is the user's choice
        raise UserError(
            f'{where}: {name} of the pipeline fails on {path} ({type(error).__name__}: {error}). '
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
    steps = getattr(dataset.pipeline, 'transforms', ())
    if not steps:
        return None
    # another step may stand before the one that reads the image
    plain = any(type(step).__name__ == 'LoadImageFromFile' and not is_own(step) for step in steps)
    found = OwnLoading(
        steps,
        image=is_own(steps[0]) and not plain,
        label=label and any(map(is_own, steps)),
        opencv=type(steps[0]).__name__ == 'LoadImageFromFile'
        and getattr(steps[0], 'imdecode_backend', None) in ('cv2', None),
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
