# SPDX-License-Identifier: Apache-2.0
"""Builds data sets and checks their files before training; errors name file and remedy."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from ..errors import MissingFileError, UserError
from .checked_files import check_new
from .first_samples import try_first_samples
from .free_memory import give_back_memory
from .ignored_value import check_ignored_value
from .in_threads import MANY, THREADS
from .label_values import check_common, check_not_ignored
from .lists import check_list
from .named_errors import name_broken_files
from .nested_datasets import Infos, parts_of
from .sample_files import IDS, MULTI_LABEL, SampleCheck, check_of

DECODED = 500  # annotations of validation and test data that are decoded
PARTS = ('dataset', 'datasets')  # keys of a data set that holds others


def build_checked(cfg: dict, where: str, labeled: bool) -> BaseDataset:
    """Builds a data set of mmseg for training and checks its files.

    Of labeled images every image and annotation is decoded (they are few); of unlabeled ones,
    which may be many, it is checked that the file exists, begins like an image and is not cut off.
    What a transform of the user's own reads (arrays, images of many pages) is read with it, of
    unlabeled images at most 500.

    Args:
        cfg (dict): Config of a :class:`mmseg.datasets.BaseSegDataset`, or of one that holds some.
        where (str): Config key that holds ``cfg``, for the messages.
        labeled (bool): Whether its annotations are used.

    Returns:
        BaseDataset: An error of its pipeline names the file that is to blame, see
        :func:`~.named_errors.name_broken_files`.

    Raises:
        MissingFileError: If ``data_root``, the list, an image or an annotation is missing.
        UserError: If the list is no list or empty, a file does not decode, sizes differ, an
            annotation holds a value that no class has, a class is in none of them, see
            :func:`~.label_values.check_common`, or ignored pixels get another label than 255.
    """
    for part, key in ((cfg, where), *_parts(cfg, where)):
        if not labeled and 'seg_map_path' in (part.get('data_prefix') or {}):
            raise UserError(
                f'{key}.data_prefix.seg_map_path: annotations of unlabeled images are never read '
                'in training; take the key out.'
            )
    dataset = _build(cfg, where)
    found: list[frozenset[int]] = []
    for part in parts_of(dataset):
        check_ignored_value(part, where)
        infos, check = Infos(part), check_of(part, where)
        if not labeled:
            _check_unlabeled(check, infos)
            continue
        if check.loader is None and not (check.own and check.own.label):  # as for mmseg's
            several = isinstance(infos[0].get('seg_map_path'), dict)
            check = replace(check, loader=MULTI_LABEL if several else IDS)
        found += _results(check, 'check_all', infos)
    if found:
        overlap = check.loader == MULTI_LABEL
        if check.own and check.own.label:  # (H, W, K), a map for each class
            label = check.own.load(infos[0], where)[1]
            overlap = label is not None and label.ndim == 3
        check_common(found, dataset.metainfo, where, overlap, check.loader == IDS)
    name_broken_files(dataset, where)
    if len(dataset) > MANY:
        give_back_memory()
    return dataset


def build_evaluation(cfg: dict | BaseDataset, where: str):
    """Builds a data set for validation or test after checking its lists and folders.

    Args:
        cfg (dict or BaseDataset): Its config, also of a data set that holds others; one that is
            built is returned as it is.
        where (str): Config key that holds ``cfg``, for the messages.

    Returns:
        See :func:`build_checked`. :func:`check_evaluation` checks the files of its samples.

    Raises:
        MissingFileError: If ``data_root``, a folder of it or the list is missing.
        UserError: If the list is no list or empty.
    """
    if not isinstance(cfg, dict):
        return cfg
    dataset = _build(cfg, where)
    name_broken_files(dataset, where)
    return dataset


def check_evaluation(dataset, where: str) -> None:
    """Checks the files of a data set for validation or test.

    All must be there, begin like images and not be cut off, and an annotation must have the size
    of its image. At most 500 annotations, spread evenly, are decoded and their values checked; the
    others are checked when they are loaded. The first sample is loaded through the pipeline.

    Args:
        dataset: Of mmseg, or one that holds some; others are not checked.
        where (str): Its config key, for the messages.

    Raises:
        MissingFileError, UserError: See :func:`build_checked`.
    """
    for part in parts_of(dataset):
        check_ignored_value(part, where)
        infos, check = Infos(part), check_of(part, where)
        _results(check, 'check_headers', infos)
        if check.loader is not None or check.own is not None:
            found = _results(check, 'check_annotation', _spread(infos))
            if check.loader == IDS:
                check_not_ignored(found, part.metainfo.get('classes') or (), where)
    try_first_samples(dataset, where)


def _check_unlabeled(check: SampleCheck, infos: Sequence[dict]) -> None:
    own = check.own and replace(check.own, label=False)
    check = replace(check, loader=None, own=own if own and own.image else None)
    _results(check, 'check_headers', infos)
    if check.own is not None:
        _results(check, 'check_all', _spread(infos))


def _spread(infos: Sequence[dict]) -> list[dict]:
    some = np.linspace(0, len(infos) - 1, min(len(infos), DECODED)).astype(int)
    return [infos[i] for i in some]


def _results(check: SampleCheck, kind: str, infos: Sequence[dict]) -> list[frozenset[int]]:
    """Checks all data infos; a pipeline of the user's own is not remembered, as it may change.

    Args:
        check (SampleCheck): Of their data set.
        kind (str): The method that checks one.
        infos (Sequence[dict]): Of the samples.
    """
    own = check.own is not None
    how = None if own else f'{kind} {check.num_classes} {check.loader} {check.scales}'
    threads = 1 if own else THREADS  # such a pipeline may not be made for threads
    # few sets are different: memory holds each once
    different: dict[frozenset[int], frozenset[int]] = {}
    what = f'Checking {check.where}'
    found = check_new(getattr(check, kind), infos, len(infos), what, how, threads)
    return [different.setdefault(each, each) for each in found]


def _parts(cfg: dict, where: str) -> Iterator[tuple[dict, str]]:
    """Yields the configs of the data sets that another holds, and their keys."""
    for key in PARTS:
        value = cfg.get(key) or ()
        for i, part in enumerate([value] if isinstance(value, dict) else value):
            if isinstance(part, dict):
                name = f'{where}.{key}' + (f'.{i}' if key == 'datasets' else '')
                yield part, name
                yield from _parts(part, name)


def _build(cfg: dict, where: str) -> BaseDataset:
    inner = list(_parts(cfg, where))
    for part, key in inner:
        if not any(name in part for name in PARTS):
            _check_paths(part, key)
    if inner or any(name in cfg for name in PARTS):
        return DATASETS.build(cfg)
    data_root = cfg.get('data_root')
    cls = DATASETS.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    creates_its_data = getattr(cls, 'creates_its_data', False)
    if data_root is not None and not creates_its_data and not os.path.isdir(data_root):
        raise MissingFileError(
            f'{where}.data_root: the folder {data_root} does not exist. Put the data there '
            f'(docs/datasets.md tells how for public data sets), or set {where}.data_root to where '
            'it is.'
        )
    if not creates_its_data:  # before it is built: some data sets of mmseg fail with a bare assert
        _check_paths(cfg, where)
    if not (isinstance(cls, type) and issubclass(cls, BaseDataset)):
        return DATASETS.build(cfg)
    # lazily, because mmengine fails on an empty list when it fills the data set
    dataset = DATASETS.build({**cfg, 'lazy_init': True})
    if creates_its_data:
        _check_paths(cfg, where)
    infos = dataset.load_data_list()
    if not infos:
        raise UserError(
            f'{where} has no images: '
            + (f'the list {dataset.ann_file} is empty.' if dataset.ann_file else
               f'no {dataset.img_suffix} file lies in {dataset.data_prefix["img_path"]}.')
        )  # fmt: skip
    dataset.load_data_list = lambda: infos  # a million files are not listed twice
    dataset.full_init()
    del dataset.load_data_list
    return dataset


def _check_paths(cfg: dict, where: str) -> None:
    root = cfg.get('data_root') or ''
    for key, folder in (cfg.get('data_prefix') or {}).items():
        path = os.path.join(root, folder) if isinstance(folder, str) else None
        if path is not None and not os.path.isdir(path):
            raise MissingFileError(f'{where}.data_prefix.{key}: the folder {path} does not exist.')
    path = os.path.join(root, cfg['ann_file']) if cfg.get('ann_file') else None
    if path is None:
        return
    if not os.path.isfile(path):
        raise MissingFileError(
            f'{where}.ann_file: the list {path} does not exist. It names one image a line, without '
            'suffix; tools/make_splits.py draws such lists, and '
            'tools/dataset_converters/splits.py reads published ones.'
        )
    try:
        check_list(path)
    except UserError as error:
        raise UserError(f'{where}.ann_file: {error}') from None  # tools print the inner error
