# SPDX-License-Identifier: Apache-2.0
"""Writes pseudo-labels to files, as a metric of ``Runner.test()``."""

import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from mmengine.dist import all_gather_object, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from ..datasets.pseudo_label_files import INDEX, image_name, label_files
from ..errors import UserError
from ..files.atomic import write_json, write_png
from ..labels.spaces import IGNORE_INDEX


@METRICS.register_module()
class PseudoLabelWriter(BaseMetric):
    """Writes the voted label and the raw mask of every image, and an index of them.

    As a metric it runs under ``Runner.test()``, with its progress log and its processes. The
    layout of the files is described in :mod:`.datasets.pseudo_label_files`. ``index.json``,
    written last, holds for each image ``image`` (its file), ``masked`` (share of the pixels, in
    any channel), ``pixels`` (pixels of each class on which the voters agree), ``agreement`` (see
    :func:`describe`) and ``same_classes`` (whether all voters found the same classes).

    The files of an image are encoded and written by threads, each aside and renamed.

    Args:
        out_dir (str): Folder to write.
        img_dir (str): Folder of the images, to which names are relative.
        num_threads (int): Writers of a process.
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(
        self,
        out_dir: str,
        img_dir: str,
        num_threads: int = 2,
        collect_device: str = 'cpu',
        prefix: str | None = 'pseudo',
    ):
        super().__init__(collect_device, prefix)
        self.out_dir = Path(out_dir)
        self.img_dir = img_dir
        self.num_threads = num_threads
        self._pool: ThreadPoolExecutor | None = None
        self._jobs: deque[Future] = deque()

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Hands a batch to the writers; waits only if they lag far behind."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.num_threads)
            if is_main_process():  # from now on the folder is unfinished
                (self.out_dir / INDEX).unlink(missing_ok=True)
        for sample in data_samples:
            label = sample['pred_sem_seg']['data'].cpu().numpy().astype(np.uint8)
            if 'inconsistent' in sample:
                mask = sample['inconsistent']['data'].cpu().numpy().astype(bool)
            else:
                mask = np.zeros(label.shape, bool)
            name = self._name(sample['img_path'])
            if not sample.get('finite', True):
                print_log(
                    f'A teacher returned NaN for {sample["img_path"]}: it gets no pseudo-label.',
                    logger='current',
                    level=logging.WARNING,
                )
                continue
            voters = None
            if 'voter_pixels' in sample:
                voters = sample['voter_pixels'].cpu().numpy() / sample['num_voters']
            same = bool(sample.get('same_classes', True))
            row = dict(image=sample['img_path'], same_classes=same)
            self._jobs.append(self._pool.submit(self._write, name, label, mask, voters, row))
            while len(self._jobs) > 8 * self.num_threads:
                self._collect()

    def _collect(self) -> None:
        """Waits for the oldest job; if it failed, ends the others first."""
        try:
            self.results.append(self._jobs.popleft().result())
        except UserError:
            self._stop()
            raise

    def _stop(self) -> None:
        self._jobs.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _name(self, path: str) -> str:
        name = image_name(path, self.img_dir)
        if name.startswith('..'):
            raise UserError(
                f'PseudoLabelWriter.img_dir={self.img_dir} does not hold {path}. Set it to the '
                'folder to which the names of the images are relative.'
            )
        return name

    def _write(
        self,
        name: str,
        label: np.ndarray,
        mask: np.ndarray,
        voters: np.ndarray | None,
        row: dict,
    ) -> tuple[str, dict, bool]:
        classes = self.dataset_meta['classes']
        write_label(self.out_dir, name, label, mask, classes)
        return name, dict(row, **describe(label, mask, voters, len(classes))), len(label) > 1

    def wait(self) -> None:
        """Waits for the writers of this process; then ``results`` are complete.

        Raises:
            UserError: If a file could not be written.
        """
        while self._jobs:
            self._collect()
        self._stop()

    def evaluate(self, size: int) -> dict:
        """Waits for the writers of all processes, then writes the index.

        Raises:
            UserError: If a file could not be written, in whichever process.
        """
        problem = None
        try:
            self.wait()
        except UserError as error:
            problem = str(error)
        problem = next((p for p in all_gather_object(problem) if p), None)
        if problem:
            self.results.clear()
            raise UserError(problem)
        # rows of skipped images are missing, so that `size` is not the number of rows
        everything = [row for rows in all_gather_object(self.results) for row in rows]
        self.results.clear()
        metrics = self.compute_metrics(everything)
        return {f'{self.prefix}/{key}' if self.prefix else key: v for key, v in metrics.items()}

    def compute_metrics(self, results: list[tuple[str, dict, bool]]) -> dict[str, float]:
        """Writes the index; returns the means of ``masked`` and ``agreement`` over the images."""
        # a sampler may have repeated some
        images = dict(sorted({name: row for name, row, _ in results}.items()))
        if is_main_process():
            index = dict(
                classes=list(self.dataset_meta['classes']),
                palette=self.dataset_meta.get('palette'),
                overlapping=any(overlapping for *_, overlapping in results),
                images=images,
            )
            write_json(self.out_dir / INDEX, index)
            print_log(f'{len(images)} pseudo-labels are in {self.out_dir}.', logger='current')
        means = {
            key: float(np.mean([row[key] for row in images.values()] or [0.0]))
            for key in ('masked', 'agreement')
        }
        return dict(**means, images=len(images))


def write_label(
    folder: Path, name: str, label: np.ndarray, mask: np.ndarray, classes: Sequence[str]
) -> dict:
    """Writes pseudo-label and mask of one image.

    Args:
        folder (Path): Of the pseudo-labels.
        name (str): Of the image, see :func:`~.pseudo_label_files.image_name`.
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (M, H, W) bool.
        classes (Sequence[str]): Their names.

    Returns:
        dict: The files, see :func:`~.pseudo_label_files.label_files`.
    """
    files = label_files(folder, name, list(classes) if len(label) > 1 else None)
    for kind, maps in (('labels', label), ('masks', mask)):
        maps = maps.astype(np.uint8)
        if len(maps) == 1:
            write_png(files[kind], maps[0] if kind == 'labels' else 255 * maps[0])
            continue
        for path, content in zip(files[kind].values(), maps, strict=True):
            write_png(path, 255 * content)
    return files


def describe(
    label: np.ndarray, mask: np.ndarray, voters: np.ndarray | None, num_classes: int
) -> dict:
    """Returns the entry of one image in the index.

    ``agreement`` is, averaged over the classes that a voter found, the number of pixels on which
    all agree on the class over the mean number of pixels that a voter gives it: 1 if the voters
    are equal, 0 if they share nothing. For two voters it is the Dice coefficient.

    Args:
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (M, H, W) bool.
        voters (np.ndarray, optional): (C,) pixels of each class, mean over the voters.
        num_classes (int): C.

    Returns:
        dict: ``masked`` and ``agreement`` in [0, 1], and ``pixels``, a list of C counts.
    """
    if len(label) == 1:
        kept = np.where(mask, IGNORE_INDEX, label).ravel()
        pixels = np.bincount(kept, minlength=IGNORE_INDEX + 1)[:num_classes]
    else:
        pixels = ((label == 1) & ~mask).sum(axis=(1, 2))
    if voters is None:
        voters = pixels
    found = voters > 0
    # with a share of votes below 1, more pixels can be agreed on than the mean voter found
    agreement = np.minimum(pixels[found] / voters[found], 1)
    return dict(
        masked=float(mask.any(axis=0).mean()),
        pixels=pixels.tolist(),
        agreement=float(agreement.mean()) if found.any() else 1.0,
    )
