# SPDX-License-Identifier: Apache-2.0
"""Checks of a data set's files before training, with errors that name file and remedy."""

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS
from PIL import Image

from ..errors import MissingFileError, UserError
from ..label_space import IGNORE_INDEX

TAIL = 1024  # bytes in which a file has its end mark


def build_checked(cfg: dict, where: str, labeled: bool) -> BaseDataset:
    """Builds a data set of mmseg and looks at its files.

    Of labeled images every image and annotation is decoded (they are few); of unlabeled ones,
    which may be many, it is checked that the file exists and begins like an image.

    Args:
        cfg (dict): Config of a :class:`mmseg.datasets.BaseSegDataset`.
        where (str): Config key that holds ``cfg``, for the messages.
        labeled (bool): Whether its annotations are used.

    Raises:
        FileNotFoundError: If ``data_root``, the list, an image or an annotation is missing.
        ValueError: If the data set is empty, a file does not decode, sizes differ, or an
            annotation holds a value that no class has.
    """
    if not labeled and 'seg_map_path' in (cfg.get('data_prefix') or {}):
        raise UserError(
            f'{where}.data_prefix.seg_map_path: annotations of unlabeled images are never read '
            'in training; take the key out.'
        )
    data_root = cfg.get('data_root')
    cls = DATASETS.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    creates_its_data = getattr(cls, 'creates_its_data', False)
    if data_root is not None and not creates_its_data and not os.path.isdir(data_root):
        raise MissingFileError(
            f'{where}.data_root: the folder {data_root} does not exist. Put the data there '
            f'(docs/datasets.md tells how for public data sets), or set {where}.data_root to where '
            'it is.'
        )
    if not creates_its_data:  # before it is built: some data sets of mmseg assert what they need
        _check_paths(cfg, where)
    # lazily, because mmengine fails on an empty list when it fills the data set
    dataset = DATASETS.build({**cfg, 'lazy_init': True})
    _check_paths(cfg, where)
    if isinstance(dataset, BaseDataset) and not dataset.load_data_list():
        raise UserError(
            f'{where} has no images: '
            + (f'the list {dataset.ann_file} is empty.' if dataset.ann_file else
               f'no {dataset.img_suffix} file lies in {dataset.data_prefix["img_path"]}.')
        )  # fmt: skip
    dataset.full_init()
    check = _check_labeled if labeled else _check_unlabeled
    steps = [step.get('type') for step in cfg.get('pipeline') or [] if isinstance(step, dict)]
    if labeled and 'LoadBinaryAnnotations' in steps:
        check = _check_binary
    num_classes = len(dataset.metainfo.get('classes') or ()) or IGNORE_INDEX
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    with ThreadPoolExecutor(max_workers=8) as pool:
        for _ in pool.map(lambda info: check(info, where, num_classes), infos):
            pass
    return dataset


def _check_paths(cfg: dict, where: str) -> None:
    root = cfg.get('data_root') or ''
    for key, folder in (cfg.get('data_prefix') or {}).items():
        path = os.path.join(root, folder) if isinstance(folder, str) else None
        if path is not None and not os.path.isdir(path):
            raise MissingFileError(f'{where}.data_prefix.{key}: the folder {path} does not exist.')
    path = os.path.join(root, cfg['ann_file']) if cfg.get('ann_file') else None
    if path is not None and not os.path.isfile(path):
        raise MissingFileError(
            f'{where}.ann_file: the list {path} does not exist. It names one image a line, without '
            'suffix; tools/make_splits.py draws such lists, and '
            'tools/dataset_converters/splits.py reads published ones.'
        )


def check_files_exist(dataset: BaseDataset, where: str) -> None:
    """Checks that the images and annotations of a data set are there; decodes none.

    Args:
        dataset (BaseDataset): Such as the validation data; one of another kind is left alone.
        where (str): Its config key, for the messages.

    Raises:
        FileNotFoundError: If a file is missing.
    """
    for i in range(len(dataset) if isinstance(dataset, BaseDataset) else 0):
        info = dataset.get_data_info(i)
        maps = info.get('seg_map_path') or []
        maps = maps.values() if isinstance(maps, dict) else [maps] if maps else []
        for path in [info['img_path'], *maps]:
            _check_exists(path, where, 'Add the file, or name the images to use in ann_file.')


def _check_exists(path: str, where: str, remedy: str) -> None:
    if not os.path.isfile(path):
        raise MissingFileError(f'{where}: {path} does not exist. {remedy}')


def _check_unlabeled(info: dict, where: str, num_classes: int) -> None:
    path = info['img_path']
    _check_exists(path, where, 'Add the image or take its name out of the list.')
    if not cv2.haveImageReader(path) or is_cut(path):
        raise UserError(f'{where}: {path} cannot be decoded as an image. Replace the file.')


def is_cut(path: str) -> bool:
    """Whether a JPEG or PNG is empty or lacks its end mark, without decoding it."""
    if os.path.getsize(path) == 0:
        return True
    with open(path, 'rb') as file:
        head = file.read(4)
        file.seek(-min(os.path.getsize(path), TAIL), os.SEEK_END)
        return _lacks_end(head, file.read())


def is_cut_content(content: bytes) -> bool:
    """Like :func:`is_cut`, for the content of a file."""
    return not content or _lacks_end(content[:4], content[-TAIL:])


def _lacks_end(head: bytes, tail: bytes) -> bool:
    end_marks = {b'\xff\xd8': b'\xff\xd9', b'\x89P': b'IEND'}
    return end_marks.get(head[:2], b'') not in tail


def _check_labeled(info: dict, where: str, num_classes: int) -> None:
    path = info['img_path']
    _check_exists(path, where, 'Add the image or take its name out of the list.')
    image = decode(path)
    maps = info.get('seg_map_path')
    if maps is None:
        raise UserError(
            f'{where}.data_prefix.seg_map_path is missing: labeled images need annotations.'
        )
    is_multi_label = isinstance(maps, dict)
    for map_path in maps.values() if is_multi_label else [maps]:
        _check_exists(
            map_path, where, f'{path} is in the labeled list: annotate it or take it out.'
        )
        label = decode(map_path, cv2.IMREAD_GRAYSCALE) if is_multi_label else _class_ids(map_path)
        _check_size(label, map_path, image, path, where)
        if not is_multi_label:
            _check_values(label, map_path, where, num_classes, info)


def _check_size(label: np.ndarray, map_path: str, image: np.ndarray, path: str, where: str) -> None:
    if label.shape[:2] != image.shape[:2]:
        raise UserError(
            f'{where}: {map_path} has the size {label.shape[:2]} and its image {path} '
            f'{image.shape[:2]} (height, width); they must be equal.'
        )


def _check_binary(info: dict, where: str, num_classes: int) -> None:
    """Any value and number of channels is right where zero means background."""
    path, map_path = info['img_path'], info.get('seg_map_path')
    if not isinstance(map_path, str):
        return _check_labeled(info, where, num_classes)  # which says what is missing
    _check_exists(path, where, 'Add the image or take its name out of the list.')
    _check_exists(map_path, where, f'{path} is in the labeled list: annotate it or take it out.')
    _check_size(decode(map_path), map_path, decode(path), path, where)


def _class_ids(path: str) -> np.ndarray:
    """Reads an annotation as ``LoadAnnotations`` does; a palette image gives its indices."""
    try:
        with Image.open(path) as image:
            return np.array(image)
    except (OSError, SyntaxError) as error:
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.') from error


def _check_values(label: np.ndarray, path: str, where: str, num_classes: int, info: dict) -> None:
    if label.ndim != 2:
        raise UserError(
            f'{where}: {path} has {label.shape[2]} channels; an annotation has one, whose values '
            'are class ids.'
        )
    if info.get('label_map') is not None or info.get('reduce_zero_label'):
        return  # mmseg maps these values to classes when it loads them
    values = np.flatnonzero(np.bincount(label.ravel()))
    wrong = [int(v) for v in values if v >= num_classes and v != IGNORE_INDEX]
    if wrong:
        raise UserError(
            f'{where}: {path} holds the value {wrong[0]}, and there are {num_classes} classes (0 '
            f'to {num_classes - 1}; {IGNORE_INDEX} = ignored). Correct the annotation or the '
            'classes in metainfo.'
        )


def decode(path: str, flag: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Reads an image file.

    Raises:
        ValueError: If it cannot be decoded.
    """
    # with imdecode, as mmcv reads: unlike imread it refuses half a JPEG
    content = np.fromfile(path, np.uint8)
    image = cv2.imdecode(content, flag) if content.size else None
    if image is None:
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.')
    return image


def load_sample(dataset: BaseDataset, index: int) -> dict:
    """Loads a sample; if that fails because its image is broken, the error names the file."""
    try:
        return dataset[index]
    except Exception:  # what a broken file raises depends on the reader
        decode(dataset.get_data_info(index)['img_path'])
        raise
