# SPDX-License-Identifier: Apache-2.0
"""A small data set that draws itself: patterned shapes of any colour on a noisy background."""

import os
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..errors import MissingFileError, UserError
from ..files.atomic import read_json, write_aside, write_json, write_png

CLASSES = ('background', 'disc', 'square', 'triangle')
PALETTE = [[40, 40, 40], [230, 120, 50], [70, 150, 220], [110, 190, 90]]


def draw_sample(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns one image with three to five shapes, and its label.

    Discs are plain, squares striped and triangles checked, in any colour: outline and pattern
    tell the classes apart, colour says nothing. A few images show a few colours, so what is
    learned from them alone is misled by colour; unlabeled images show that it does not matter.

    Args:
        rng (np.random.Generator): Source of all randomness.
        size (int): Side of the image in pixels.

    Returns:
        tuple[np.ndarray, np.ndarray]: Image (size, size, 3) uint8 BGR and label (size, size)
        uint8 of 0 (background), 1 (disc), 2 (square), 3 (triangle).
    """
    cells = size // 12 + 1
    coarse = rng.uniform(70, 170, (cells, cells, 1)) + rng.uniform(-25, 25, (cells, cells, 3))
    texture = cv2.resize(coarse, (size, size))
    image = texture + 12 * np.sin(np.arange(size) * rng.uniform(0.2, 0.9))[None, :, None]
    label = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(3, 6)):
        kind = int(rng.integers(1, 4))
        outline = np.zeros((size, size), np.uint8)
        cv2.fillPoly(outline, [_outline(rng, kind, size)], 255)
        hsv = [rng.integers(0, 180), rng.integers(60, 220), rng.integers(110, 240)]
        colour = cv2.cvtColor(np.array([[hsv]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
        alpha = cv2.GaussianBlur(outline, (0, 0), rng.uniform(0.8, 1.8))[..., None] / 255
        alpha = alpha * rng.uniform(0.6, 1.0)
        image = image * (1 - alpha) + colour * _pattern(rng, kind, size)[..., None] * alpha
        label[outline > 0] = kind
    image = image + rng.normal(0, 8, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), label


def _pattern(rng: np.random.Generator, kind: int, size: int) -> np.ndarray:
    """Returns the brightness (size, size), about 1, of a plain, striped or checked surface."""
    y, x = np.mgrid[:size, :size]
    turn, period = rng.uniform(0, np.pi), rng.uniform(5, 9)
    along = x * np.cos(turn) + y * np.sin(turn)
    across = y * np.cos(turn) - x * np.sin(turn)
    first, second = np.sin(np.stack([along, across]) * 2 * np.pi / period + rng.uniform(0, 6))
    waves = {1: np.zeros((size, size)), 2: first, 3: 1.4 * first * second}[kind]
    return 1 + rng.uniform(0.4, 0.8) * waves


def _outline(rng: np.random.Generator, kind: int, size: int) -> np.ndarray:
    """Returns the corners (n, 2) int32 of a rotated shape: 1 disc, 2 square, 3 triangle."""
    corners = {1: 40, 2: 4, 3: 3}[kind]
    angles = rng.uniform(0, 2 * np.pi) + np.arange(corners) * 2 * np.pi / corners
    radius = rng.uniform(0.13, 0.3) * size
    centre = rng.uniform(0.05, 0.95, 2) * size
    return (centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)).astype(np.int32)


def _recorded(path: Path) -> object:
    """Returns the values a folder was drawn with; None if its record is missing or damaged."""
    try:
        return read_json(path)
    except (UserError, MissingFileError):
        return None


def write_shapes(root: str, counts: dict[str, int], num_labeled: int, size: int, seed: int) -> None:
    """Draws the data set once; a folder that was drawn with the same values is left alone.

    The folder is written aside and renamed, so that it is whole or not there, also when several
    processes begin at once.

    Args:
        root (str): Folder to write: ``images/SPLIT``, ``annotations/SPLIT``, ``splits``.
        counts (dict[str, int]): Number of images of each split, ``train`` among them.
        num_labeled (int): How many training images ``splits/labeled.txt`` names; the others
            stand in ``splits/unlabeled.txt``. ``splits/few`` labels a third of them.
        size (int): Side of the images in pixels.
        seed (int): Seed of the drawing.

    Raises:
        UserError: If the folder holds something else.
    """
    values = dict(counts=counts, num_labeled=num_labeled, size=size, seed=seed, version=3)
    record = Path(root) / 'shapes.json'
    if os.path.isdir(root):
        if _recorded(record) != values:
            raise UserError(
                f'{root} exists and was not drawn with {values}. Choose another data_root, or '
                'delete the folder to draw it anew.'
            )
        return
    os.makedirs(os.path.dirname(os.path.abspath(root)), exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix='.shapes-', dir=os.path.dirname(os.path.abspath(root))))
    try:
        for split_id, (split, count) in enumerate(counts.items()):
            for kind in ('images', 'annotations'):
                (aside / kind / split).mkdir(parents=True)
            for i in range(count):
                image, label = draw_sample(np.random.default_rng([seed, split_id, i]), size)
                write_png(aside / 'images' / split / f'{i:04d}.png', image)
                write_png(aside / 'annotations' / split / f'{i:04d}.png', label)
        names = [f'{i:04d}\n' for i in range(counts['train'])]
        for folder, count in {
            'splits': num_labeled,
            'splits/few': max(num_labeled // 3, 1),
        }.items():
            (aside / folder).mkdir()
            write_aside(aside / folder / 'labeled.txt', ''.join(names[:count]).encode())
            write_aside(aside / folder / 'unlabeled.txt', ''.join(names[count:]).encode())
        write_json(aside / 'shapes.json', values)
        aside.chmod(0o755)
        os.rename(aside, root)
    except OSError:
        if not record.is_file():  # no other process was faster: a real error
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@DATASETS.register_module()
class ShapesDataset(BaseSegDataset):
    """Plain discs, striped squares and checked triangles, drawn from a seed under ``data_root``.

    Args:
        data_root (str): Folder of the data set; drawn if it does not exist.
        num_train (int): Training images.
        num_labeled (int): How many of them are in ``splits/labeled.txt``.
        num_val (int): Validation images, and as many test images.
        size (int): Side of the images in pixels.
        seed (int): Seed of the drawing.
        **kwargs: Of ``BaseSegDataset``.
    """

    METAINFO = dict(classes=CLASSES, palette=PALETTE)
    creates_its_data = True

    def __init__(
        self,
        data_root: str,
        num_train: int = 160,
        num_labeled: int = 12,
        num_val: int = 40,
        size: int = 64,
        seed: int = 0,
        **kwargs,
    ):
        counts = dict(train=num_train, val=num_val, test=num_val)
        write_shapes(data_root, counts, num_labeled, size, seed)
        super().__init__(data_root=data_root, img_suffix='.png', seg_map_suffix='.png', **kwargs)
