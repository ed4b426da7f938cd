# SPDX-License-Identifier: Apache-2.0
"""Writes pseudo-labels to files, as a metric of ``Runner.test()``."""

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmseg.registry import METRICS

from ..datasets.pseudo_label_files import (
    INDEX,
    OLD_INDEX,
    OLD_QUALITY,
    QUALITY,
    image_name,
    read_index,
)
from ..errors import UserError
from ..files.safe_names import flaw_of_name
from .row_writer import RowWriter
from .written_label import describe, write_label


@METRICS.register_module()
class PseudoLabelWriter(RowWriter):
    """Writes the voted label and the raw mask of every image, and an index of them.

    As a metric it runs under ``Runner.test()``, with its progress log and its processes. The
    layout of the files is described in :mod:`.datasets.pseudo_label_files`. ``index.sqlite``,
    written last, holds for each image ``image`` (its file), ``masked`` (share of the pixels, in
    any channel), ``pixels`` (pixels of each class on which the voters agree), ``agreement`` (see
    :func:`~.written_label.describe`) and ``same_classes`` (whether all voters found the same
    classes).

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
        super().__init__(Path(out_dir), collect_device, prefix)
        self.img_dir = img_dir
        self.num_threads = num_threads
        self._pool: ThreadPoolExecutor | None = None
        self._jobs: deque[Future] = deque()
        self.shared['overlapping'] = False

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Hands a batch to the writers; waits only if they lag far behind."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.num_threads)
            if is_main_process():  # from now on the folder is unfinished
                for name in (INDEX, OLD_INDEX, QUALITY, OLD_QUALITY):
                    (self.folder / name).unlink(missing_ok=True)
        for sample in data_samples:
            label = sample['pred_sem_seg']['data'].cpu().numpy().astype(np.uint8)
            if 'inconsistent' in sample:
                mask = sample['inconsistent']['data'].cpu().numpy().astype(bool)
            else:
                mask = np.zeros(label.shape, bool)
            self.shared['overlapping'] |= len(label) > 1
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
            self.add(*self._jobs.popleft().result())
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
        flaw = flaw_of_name(name)
        if flaw:
            raise UserError(f'The name of the image {path!a} {flaw}. Give the file another name.')
        return name

    def _write(
        self,
        name: str,
        label: np.ndarray,
        mask: np.ndarray,
        voters: np.ndarray | None,
        row: dict,
    ) -> tuple[str, dict]:
        classes = self.dataset_meta['classes']
        write_label(self.folder, name, label, mask, classes)
        return name, dict(row, **describe(label, mask, voters, len(classes)))

    def wait(self) -> None:
        """Waits for the writers of this process; then all its rows are in ``results``.

        Raises:
            UserError: If a file could not be written.
        """
        while self._jobs:
            self._collect()
        self._stop()
        super().wait()

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Writes the index; returns the means of ``masked`` and ``agreement`` over the images."""
        head = dict(
            classes=list(self.dataset_meta['classes']),
            palette=self.dataset_meta.get('palette'),
            overlapping=any(part['overlapping'] for part in results),
        )
        self.join(INDEX, head, results)
        pairs = read_index(self.folder).pairs()
        values = ((row['masked'], row['agreement']) for _, row in pairs)
        columns = np.fromiter(values, np.dtype((float, 2))).T
        count = columns.shape[1]
        print_log(f'{count} pseudo-labels are in {self.folder}.', logger='current')
        masked, agreement = (float(column.mean()) if count else 0.0 for column in columns)
        return dict(masked=masked, agreement=agreement, images=count)
