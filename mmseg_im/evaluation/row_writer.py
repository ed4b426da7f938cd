# SPDX-License-Identifier: Apache-2.0
"""Base of metrics that write a row for each image, whatever the number of images."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric

from ..errors import MissingFileError, UserError
from ..errors.disk import unwritable
from ..files.row_file import write_rows

PREFIX = '.rows_'


def delete_parts(folder: Path) -> None:
    """Deletes the parts of all processes, also of killed ones, when nobody joins them any more."""
    for path in folder.glob(f'{PREFIX}*'):
        path.unlink(missing_ok=True)


class RowPart:
    """Appends rows to a new file, so that a process need not keep them in memory.

    Args:
        folder (Path): Where the file comes.
    """

    def __init__(self, folder: Path):
        self.path = folder / f'{PREFIX}{uuid.uuid4().hex}'
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open('w', encoding='utf-8')

    def add(self, name: str, row: dict) -> None:
        """Appends a row.

        Args:
            name (str): Of an image, without control characters.
            row (dict): JSON values.

        Raises:
            UserError: If the disk is full.
        """
        with self._writing():
            self._file.write(f'{name}\t{json.dumps(row, allow_nan=False)}\n')

    def close(self) -> str:
        """Writes the file to its end, and returns its name in the folder."""
        with self._writing():
            self._file.close()
        return self.path.name

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(unwritable(self.path, error)) from error


class RowWriter(BaseMetric):
    """Base of metrics that write a row for each image into one file, without keeping any.

    Each process appends its rows to a part; ``results`` holds a dict of each, with its name as
    ``part``. The main process puts the parts of all together, in ``compute_metrics``.

    Args:
        folder (Path): Of the file and its parts.
        collect_device, prefix: See ``BaseMetric``.

    Attributes:
        shared (dict): What is said once for all rows of a process, in its ``results``.
        keeps_parts (bool): Whether parts stay after they were joined, see :func:`delete_parts`.
    """

    def __init__(self, folder: Path, collect_device: str, prefix: str | None):
        super().__init__(collect_device, prefix)
        self.folder = folder
        self.shared: dict = {}
        self.keeps_parts = False
        self._part: RowPart | None = None

    def add(self, name: str, row: dict) -> None:
        """Appends a row, see :meth:`RowPart.add`."""
        if self._part is None:
            self._part = RowPart(self.folder)
        self._part.add(name, row)

    def wait(self) -> None:
        """Writes the part of this process to its end."""
        if self._part is not None:
            self.results.append(dict(self.shared, part=self._part.close()))
            self._part = None

    def evaluate(self, size: int) -> dict:
        """Returns the metrics, in every process, after the main process wrote the file.

        Raises:
            UserError: If a file could not be written, in whichever process.
        """
        problem = None
        try:
            self.wait()
        except UserError as error:
            problem = str(error)
        found = all_gather_object((problem, self.results[:]))
        self.results.clear()
        problem = next((each for each, _ in found if each), None)
        metrics: dict[str, float] = {}
        if problem is None and is_main_process():
            try:
                # rows of skipped images are missing, so that `size` is not their number
                metrics = self.compute_metrics([part for _, parts in found for part in parts])
            except (UserError, MissingFileError) as error:
                problem = str(error)
        outcome: list = [problem, metrics]
        broadcast_object_list(outcome)
        problem, metrics = outcome
        if problem is not None:
            raise UserError(problem)
        return {f'{self.prefix}/{k}' if self.prefix else k: v for k, v in metrics.items()}

    def join(self, name: str, head: dict, results: list[dict]) -> None:
        """Writes a file of the rows of all parts, and deletes these unless they are to be kept.

        Args:
            name (str): Of the file.
            head (dict): See :func:`~..files.row_file.write_rows`.
            results (list[dict]): Of all processes; a sampler may have repeated some rows.
        """
        write_rows(self.folder / name, head, self._joined(results))
        if not self.keeps_parts:
            delete_parts(self.folder)

    def _joined(self, results: list[dict]) -> Iterator[tuple[str, str]]:
        for result in results:
            path = self.folder / Path(result['part']).name
            if not path.is_file():
                raise MissingFileError(
                    f'{path} does not exist: it lists what a process wrote. Delete {self.folder} '
                    'and begin again.'
                )
            with path.open(encoding='utf-8') as lines:
                for line in lines:
                    name, _, row = line.rstrip('\n').partition('\t')
                    yield name, row
