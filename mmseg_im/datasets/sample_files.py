# SPDX-License-Identifier: Apache-2.0
"""Checks the files of one sample: image and annotation, and that they fit together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX
from .image_files import check_exists, check_header, class_ids, decode, header_size
from .parts import num_classes_of, transforms_of

# Annotations by the transform that loads them; one of another name may read any kind of file.
IDS, BINARY, MULTI_LABEL = 'LoadAnnotations', 'LoadBinaryAnnotations', 'LoadMultiLabelAnnotations'
LOADERS = (IDS, BINARY, MULTI_LABEL)
FILE_KEYS = ('img_path', 'seg_map_path', 'inconsistency_path', 'candidate_files')
ADD_IMAGE = 'Add the image or take its name out of the list.'


@dataclass(frozen=True)
class SampleCheck:
    """Checks the files of samples of one data set.

    Attributes:
        where (str): Config key of the data set, for the messages.
        num_classes (int): Of the data set.
        loader (str, optional): Transform that loads the annotations; None: they are not checked.
    """

    where: str
    num_classes: int
    loader: str | None

    def check_headers(self, info: dict) -> None:
        """Checks beginning, end and size of a sample's files, without decoding them if possible.

        Raises:
            MissingFileError, UserError: If a file is missing or cut off, is no image, or an
                annotation has another size than its image.
        """
        path = info['img_path']
        check_exists(path, self.where, ADD_IMAGE)
        head = check_header(path)
        if self.loader is None:
            return
        size = header_size(path, head)
        for map_path in self._maps(info):
            if size is None or header_size(map_path, check_header(map_path)) != size:
                self.check_annotation(info)  # the size is known after decoding
                return

    def check_annotation(self, info: dict) -> None:
        """Decodes and checks the annotation, and the image only if its header tells no size.

        Raises:
            MissingFileError, UserError: If a file is missing or broken, sizes differ, or a value
                is no class.
        """
        path = info['img_path']
        check_exists(path, self.where, ADD_IMAGE)
        size = header_size(path, check_header(path))
        for map_path in self._maps(info):
            label = self._label(map_path)
            if label.shape[:2] != size:
                size = decode(path).shape[:2]
            self._check(label, map_path, size, info)

    def check_all(self, info: dict) -> None:
        """Decodes and checks image and annotation, see :meth:`check_annotation`."""
        check_exists(info['img_path'], self.where, ADD_IMAGE)
        size = decode(info['img_path']).shape[:2]
        for map_path in self._maps(info) if self.loader is not None else ():
            self._check(self._label(map_path), map_path, size, info)

    def _maps(self, info: dict) -> Iterator[str]:
        maps = info.get('seg_map_path')
        if maps is None:
            raise UserError(
                f'{self.where}.data_prefix.seg_map_path is missing: labeled images need '
                'annotations.'
            )
        for path in _paths(maps):
            check_exists(
                path, self.where, f'{info["img_path"]} is in the list: annotate it or take it out.'
            )
            yield path

    def _label(self, path: str) -> np.ndarray:
        # where zero means that a class is absent, any other value and depth is valid
        return class_ids(path) if self.loader == IDS else decode(path)

    def _check(self, label: np.ndarray, map_path: str, size: tuple[int, int], info: dict) -> None:
        check_same_size(map_path, label.shape[:2], info['img_path'], size, self.where)
        if self.loader != IDS:
            return
        if label.ndim != 2:
            raise UserError(
                f'{self.where}: {map_path} has {label.shape[2]} channels; an annotation has one, '
                'whose values are class ids.'
            )
        if info.get('label_map') is not None or info.get('reduce_zero_label'):
            return  # mmseg maps these values to classes when it loads them
        right = {*range(self.num_classes), IGNORE_INDEX}  # a fraction is not in it
        wrong = [value for value in _values(label) if value not in right]
        if wrong:
            raise UserError(
                f'{self.where}: {map_path} holds the value {wrong[0]}, and there are '
                f'{self.num_classes} classes (0 to {self.num_classes - 1}; {IGNORE_INDEX} = '
                'ignored). Correct the annotation or the classes in metainfo.'
            )


def check_same_size(
    path: str, size: tuple[int, int], image: str, image_size: tuple[int, int], where: str
) -> None:
    """Raises a UserError if an annotation or mask has another size than its image."""
    if size != image_size:
        raise UserError(
            f'{where}: {path} has the size {size} and its image {image} {image_size} (height, '
            'width); they must be equal.'
        )


def check_of(dataset: BaseDataset, where: str) -> SampleCheck:
    """Returns the check that fits how a data set's pipeline reads its files."""
    names = {type(transform).__name__ for transform in transforms_of(dataset.pipeline)}
    loader = next((name for name in LOADERS if name in names), None)
    return SampleCheck(where, num_classes_of(dataset), loader)


def reads_images(dataset: BaseDataset) -> bool:
    """Returns whether the pipeline of a data set reads image files, and no other kind."""
    names = {type(transform).__name__ for transform in transforms_of(dataset.pipeline)}
    return 'LoadImageFromFile' in names


def _values(label: np.ndarray) -> list[int | float]:
    if label.dtype in (np.uint8, np.bool_):
        return np.flatnonzero(np.bincount(label.ravel())).tolist()
    return np.unique(label).tolist()


def files_of(info: dict) -> list[str]:
    """Returns all files that a data info names: image, annotation, mask."""
    return [path for key in FILE_KEYS for path in _paths(info.get(key))]


def _paths(value: str | dict | None) -> list[str]:
    if isinstance(value, dict):
        return [path for part in value.values() for path in _paths(part)]
    return [] if value is None else [value]
