# SPDX-License-Identifier: Apache-2.0
"""Checks the files of one sample: image and annotation, and that they fit together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX
from .image_files import (
    PRESENT,
    UNDECIDED,
    check_exists,
    check_header,
    class_ids,
    decode,
    header_size,
    lossy_kind,
    mask_values,
)
from .label_values import class_of, values_of
from .narrow_images import Scale, check_not_narrow, smallest_scales
from .nested_datasets import num_classes_of, transforms_of
from .own_loading import OwnLoading, is_own, own_loading

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
        loader (str, optional): Transform that loads the annotations; None: another one may.
        own (OwnLoading, optional): How the pipeline reads what MMSegmentation's loaders do not.
        scales (tuple): To which the pipeline brings images, see
            :func:`~.narrow_images.smallest_scales`.
    """

    where: str
    num_classes: int
    loader: str | None
    own: OwnLoading | None = None
    scales: tuple[Scale, ...] = ()

    def check_headers(self, info: dict) -> None:
        """Checks beginning, end and size of a sample's files, without decoding them if possible.

        Raises:
            MissingFileError, UserError: If a file is missing or cut off, is no image or too
                narrow, or an annotation has another size than its image.
        """
        path = info['img_path']
        if self.own is not None:  # sizes are known when they are loaded
            for each in files_of(info):
                check_exists(each, self.where, ADD_IMAGE)
            if self.own.opencv:
                check_header(path)
            return
        check_exists(path, self.where, ADD_IMAGE)
        head = check_header(path)
        size = header_size(path, head) if self.loader or self.scales else None
        if size is not None:
            self.check_width(path, size)
        if self.loader is None:
            return
        for map_path in self._maps(info):
            if size is None or header_size(map_path, check_header(map_path)) != size:
                self.check_annotation(info)  # the size is known after decoding
                return

    def check_annotation(self, info: dict) -> set[int]:
        """Decodes and checks the annotation, and the image only if its header tells no size.

        Returns:
            set[int]: Class ids, and 255, that it holds.

        Raises:
            MissingFileError, UserError: If a file is missing or broken, sizes differ, or a value
                is no class.
        """
        if self.own is not None:
            return self.check_all(info)
        path = info['img_path']
        check_exists(path, self.where, ADD_IMAGE)
        size = header_size(path, check_header(path))
        if size is not None:
            self.check_width(path, size)
        found = set()
        for i, map_path in enumerate(self._maps(info)):
            label = self._label(map_path)
            if label.shape[:2] != size:
                size = decode(path).shape[:2]
            found |= self._check(label, i, map_path, size, info)
        return found

    def check_all(self, info: dict) -> set[int]:
        """Decodes and checks image and annotation, see :meth:`check_annotation`."""
        path = info['img_path']
        check_exists(path, self.where, ADD_IMAGE)
        size: tuple[int, ...] = ()
        label = None
        if self.own is not None:
            size, label = self.own.load(info, self.where)
        if self.own is None or not self.own.image:
            size = decode(path).shape[:2]
        self.check_width(path, size)
        found: set[int] = set()
        for i, map_path in enumerate(self._maps(info) if self.loader is not None else ()):
            found |= self._check(self._label(map_path), i, map_path, size, info)
        if label is not None:
            files = ', '.join(_paths(info.get('seg_map_path'))) or f'the annotation of {path}'
            check_same_size(files, label.shape[: len(size)], path, size, self.where)
            if label.ndim == 3 and len(size) == 2:  # a map for each of the overlapping classes
                return {i for i in range(label.shape[2]) if (label[..., i] == 1).any()}
            found |= self._classes(label, files, {})  # they are mapped
        return found

    def check_width(self, path: str, size: tuple[int, ...]) -> None:
        """Raises a UserError for an image that is too narrow for the pipeline."""
        check_not_narrow(path, size, self.scales, self.where)

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
            kind = lossy_kind(path)
            if kind:
                raise UserError(
                    f'{self.where}: the annotation {path} is a lossy {kind}: its values are not '
                    'what was drawn. Save what was drawn as PNG; tools/init_project.py makes PNG '
                    'from black and white masks with --threshold.'
                )
            yield path

    def _label(self, path: str) -> np.ndarray:
        if self.loader == IDS:
            return class_ids(path)
        # zero means that a class is absent, and any other value and depth that it is present
        values = mask_values(path)
        if {UNDECIDED, PRESENT} <= (found := set(values_of(values))) <= {0, UNDECIDED, PRESENT}:
            raise UserError(
                f'{self.where}: {path} holds {sorted(found)}, as labels of suggest_labels.py that '
                f'are not finished: {UNDECIDED} is undecided there and would be loaded as present. '
                'Draw these pixels as 0 or 255.'
            )
        return np.any(values, axis=-1)

    def _check(
        self, label: np.ndarray, number: int, map_path: str, size: tuple[int, ...], info: dict
    ) -> set[int]:
        check_same_size(map_path, label.shape[:2], info['img_path'], size, self.where)
        if self.loader == MULTI_LABEL:
            return {number} if label.any() else set()
        if self.loader == BINARY:
            return {int(value) for value in values_of(label)}
        if label.ndim != 2:
            raise UserError(
                f'{self.where}: {map_path} has {label.shape[2]} channels; an annotation has one, '
                'whose values are class ids.'
            )
        return self._classes(label, map_path, info)

    def _classes(self, label: np.ndarray, map_path: str, info: dict) -> set[int]:
        """Returns the class ids of the values of a label map; refuses those that are none."""
        values = values_of(label)
        classes = [class_of(value, info) for value in values]
        right = {*range(self.num_classes), IGNORE_INDEX}  # a fraction is not in it
        wrong = [i for i, found in enumerate(classes) if found not in right]
        if wrong:
            value, found = values[wrong[0]], classes[wrong[0]]
            mapped = (
                '' if found == value else f', which reduce_zero_label or label_map make {found}'
            )
            raise UserError(
                f'{self.where}: {map_path} holds the value {value}{mapped}, and there are '
                f'{self.num_classes} classes (0 to {self.num_classes - 1}; {IGNORE_INDEX} = '
                'ignored). Correct the annotation or the classes in metainfo.'
            )
        return {int(found) for found in classes}


def check_same_size(
    path: str, size: tuple[int, ...], image: str, image_size: tuple[int, ...], where: str
) -> None:
    """Raises a UserError if an annotation or mask has another size than its image."""
    if size != image_size:
        raise UserError(
            f'{where}: {path} has the size {size} and its image {image} {image_size} (height, '
            'width); they must be equal.'
        )


def check_of(dataset: BaseDataset, where: str) -> SampleCheck:
    """Returns the check that fits how a data set's pipeline reads its files."""
    every = list(transforms_of(dataset.pipeline))
    transforms = [step for step in every if not is_own(step)]
    names = {type(transform).__name__ for transform in transforms}
    loader = next((name for name in LOADERS if name in names), None)
    own = own_loading(dataset, label=loader is None)
    return SampleCheck(where, num_classes_of(dataset), loader, own, smallest_scales(every))


def files_of(info: dict) -> list[str]:
    """Returns all files that a data info names: image, annotation, mask."""
    return [path for key in FILE_KEYS for path in _paths(info.get(key))]


def _paths(value: str | dict | None) -> list[str]:
    if isinstance(value, dict):
        return [path for part in value.values() for path in _paths(part)]
    return [] if value is None else [value]
