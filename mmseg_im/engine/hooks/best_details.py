# SPDX-License-Identifier: Apache-2.0
"""What a report shows of the best validation: confusion matrix and worst images, in one file."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib
import numpy as np
from mmengine.logging import print_log

from ...errors import UserError
from ...evaluation.worst_images import WorstImage
from ...files.atomic import read_json, write_json
from ...labels.spaces import IGNORE_INDEX
from ...report.html_page import is_jpeg, jpeg
from ...report.pictures import colourise, to_rgb

DETAILS = 'best_validation.json'
REMEDY = 'Delete it: the report is then without these parts.'
WIDTH = 520  # pixels of a picture: sharp where a tile is half as wide
SHAPE = dict(
    at=int, unit=str, metric=str, images=int, classes=[str], confusion=([[int]], [[[int]]]),
    palette=[[int]], worst=[dict(path=str, score=float, pictures={str: str})],
)  # fmt: skip


@dataclass
class Details:
    """Of one validation of the student.

    Attributes:
        at (int): Epoch or iteration.
        unit (str): ``'epoch'`` or ``'iteration'``.
        metric (str): By which it is the best.
        images (int): Of the validation.
        classes (list[str]): C names.
        palette (list[list[int]]): Their RGB colours.
        confusion (list): (C, C) pixels: annotated class, predicted class; of classes that overlap
            (C, 2, 2): class, annotated, predicted.
        worst (list[dict]): The images of the lowest mean IoU, the worst first: ``path``, ``score``
            in [0, 1], ``pictures``: JPEG in base64 by caption.
    """

    at: int
    unit: str
    metric: str
    images: int
    classes: list[str]
    palette: list[list[int]]
    confusion: list
    worst: list[dict]

    @property
    def matrix(self) -> np.ndarray:
        """np.ndarray: ``confusion``, float64."""
        return np.array(self.confusion, np.float64)


def write_details(runner, at: int, unit: str, metric: str) -> None:
    """Writes what the metric of a Runner knows of its last validation beside ``best.pth``.

    Without a metric that counts a confusion matrix (``ClassIoUMetric``, ``MultiLabelIoUMetric``),
    nothing is written. Call it in the main process.

    Args:
        runner (Runner): It has just validated the student.
        at (int): Epoch or iteration.
        unit (str): ``'epoch'`` or ``'iteration'``.
        metric (str): By which the validation is the best.
    """
    metrics = getattr(getattr(runner.val_loop, 'evaluator', None), 'metrics', ())
    counted = next((m for m in metrics if getattr(m, 'confusion', None) is not None), None)
    if counted is None:
        return
    meta = counted.dataset_meta
    classes = [str(name) for name in meta['classes']]
    palette = [[int(v) for v in colour] for colour in meta.get('palette') or _colours(len(classes))]
    matrix = counted.confusion
    content = Details(
        at=at,
        unit=unit,
        metric=metric,
        images=len(runner.val_loop.dataloader.dataset),
        classes=classes,
        palette=palette,
        confusion=(matrix if matrix.ndim == 3 else matrix[:-1, :-1]).tolist(),
        worst=[_drawn(one, palette) for one in counted.worst],
    )
    write_json(Path(runner.work_dir) / DETAILS, asdict(content))


def read_details(folder: Path) -> Details | None:
    """Returns what :func:`write_details` wrote, None if there is no such file.

    Raises:
        UserError: If the file is damaged.
    """
    path = folder / DETAILS
    if not path.is_file():
        return None
    content = read_json(path, SHAPE, REMEDY)
    details = Details(**{key: content[key] for key in SHAPE})
    count = len(details.classes)
    palette = details.palette
    colours = all(len(colour) == 3 and set(colour) <= set(range(256)) for colour in palette)
    if not 0 < count == len(palette) < IGNORE_INDEX or not colours:
        raise UserError(f'{path} is damaged (palette: each class has red, green, blue). {REMEDY}')
    rows = details.confusion
    sizes = {(len(row), *(len(cell) for cell in row if isinstance(cell, list))) for row in rows}
    if len(rows) != count or sizes not in ({(count,)}, {(2, 2, 2)}):
        raise UserError(f'{path} is damaged (confusion: no matrix of {count} classes). {REMEDY}')
    for one in details.worst:
        if not all(map(is_jpeg, one['pictures'].values())):
            raise UserError(f'{path} is damaged (worst: a picture is no JPEG). {REMEDY}')
    return details


def _drawn(one: WorstImage, palette: Sequence[Sequence[int]]) -> dict:
    pictures = {}
    try:
        if one.image is not None:
            pictures['image'] = to_rgb(one.image, one.image.shape[-2:])
        for name, maps in (('label', one.label), ('prediction', one.prediction)):
            pictures[name] = colourise(maps if len(maps) > 1 else maps[0], palette)
    except Exception as error:  # of images of any kind: no reason to end a training
        print_log(
            f'The report is without {one.path} ({type(error).__name__}: {error}).',
            'current',
            logging.WARNING,
        )
    drawn = {name: jpeg(picture, WIDTH) for name, picture in pictures.items()}
    return dict(path=one.path, score=float(one.score), pictures=drawn)


def _colours(count: int) -> list[list[int]]:
    """Returns colours for a data set that names none."""
    colours = matplotlib.colormaps['tab20'](np.arange(count) % 20)[:, :3]
    return np.rint(255 * colours).astype(int).tolist()
