# SPDX-License-Identifier: Apache-2.0
"""Folders of images and masks, as people have them."""

import os
import runpy
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.project import write_project
from mmseg_im.own_data.splitting import parse_ratio
from mmseg_im.own_data.survey import Survey, survey
from tests.conftest import ROOT

SIZE = 48, 64
VAL = parse_ratio('1/3')
COLOURS = {0: (0, 0, 0), 1: (255, 0, 0), 2: (0, 128, 255)}


@pytest.fixture
def call_tool(monkeypatch, capsys):
    """Calls a tool here; returns the exit message (None: it went well) and what was printed."""

    def call(tool: str, *args) -> tuple[str | None, str]:
        script = str(ROOT / 'tools' / tool)
        monkeypatch.setattr('sys.argv', [script, *map(str, args)])
        error = None
        try:
            runpy.run_path(script, run_name='__main__')
        except SystemExit as stop:
            error = str(stop.code)
        return error, capsys.readouterr().out

    return call


def label_of(rng: np.random.Generator, classes: int = 3) -> np.ndarray:
    """(H, W) uint8: one rectangle of each class but 0."""
    label = np.zeros(SIZE, np.uint8)
    for i in range(1, classes):
        top, left = rng.integers(0, 20), (i - 1) * 30 + rng.integers(0, 8)
        label[top : top + 20, left : left + 20] = i
    return label


def picture_of(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 with a gray for each class, and noise."""
    return np.repeat(
        (60 + 80 * label + rng.integers(0, 40, label.shape))[..., None].clip(0, 255), 3, -1
    ).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, palette: list[int] | None = None) -> Path:
    """Saves with Pillow, by suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette is not None:
        image = image.convert('P')
        image.putdata(pixels.ravel().tolist())
        image.putpalette(palette)
    image.save(path)
    return path


@pytest.fixture
def folders(tmp_path):
    """Makes clean folders: ``folders(mask, count, annotated)``, a function of the label.

    ``mask`` turns a label (H, W) into what is saved as mask; a dict makes a folder a class.
    Returns the folders of images and of masks.
    """

    def make(mask=lambda label: label, count=10, annotated=6, classes=3, suffix='.png'):
        rng = np.random.default_rng(0)
        images, masks = tmp_path / 'photos', tmp_path / 'masks'
        for i in range(count):
            label = label_of(rng, classes)
            save(images / f'img {i}ä{suffix}', picture_of(label, rng))
            if i < annotated:
                found = mask(label)
                for cls, layer in (found if isinstance(found, dict) else {'': found}).items():
                    save(masks / cls / f'img {i}ä.png', layer)
        return images, masks

    return make


def plant_flaws(images: Path, masks: Path) -> dict[str, tuple[str, ...]]:
    """Adds one image for each flaw; returns what the message about it holds."""
    rng = np.random.default_rng(1)
    label = label_of(rng)

    def add(name: str, mask: np.ndarray | None = label, mask_suffix: str = '.png') -> Path:
        if mask is not None:
            save(masks / f'{name}{mask_suffix}', mask)
        return save(images / f'{name}.png', picture_of(label, rng))

    add('size', label[:40])
    stray = label.copy()
    stray[0, :2] = 77
    add('stray', stray)
    add('lossy', mask_suffix='.jpg')
    add('disguised', None)
    cv2.imwrite(str(masks / 'x.jpg'), label)
    (masks / 'x.jpg').rename(masks / 'disguised.png')
    save(masks / 'lonely.png', label)
    cut = add('cut')
    cut.write_bytes(cut.read_bytes()[:200])
    add('empty').write_bytes(b'')
    add('text', None).write_text('no image')
    (masks / 'broken.png').write_bytes(add('broken').read_bytes()[:100])
    add('twice')
    save(images / 'twice.JPG', picture_of(label, rng))
    add('two masks')
    save(masks / 'two masks.bmp', label)
    add('blank ', None)
    save(masks / 'float.tif', label.astype(np.float32))
    add('float', None)
    return {
        'size': ('size.png', '40x64', '48x64'),
        'stray': ('stray.png', '77 in 2 pixels'),
        'lossy': ('lossy.jpg', 'JPEG', 'lossy'),
        'disguised': ('disguised.png', 'JPEG'),
        'lonely': ('lonely.png',),
        'cut': ('cut.png', 'cannot be decoded'),
        'empty': ('empty.png', 'cannot be decoded'),
        'text': ('text.png', 'cannot be decoded'),
        'broken': ('broken.png', 'cannot be decoded'),
        'twice': ('twice.JPG', 'twice.png'),
        'two masks': ('two masks.bmp', 'two masks.png'),
        'blank ': ('blank .png',),
        'float': ('float.tif', 'mode F'),
    }


def true_labels(count: int = 10, classes: int = 3) -> list[np.ndarray]:
    """The labels that the fixture drew."""
    rng = np.random.default_rng(0)
    labels = []
    for _ in range(count):
        labels.append(label_of(rng, classes))
        picture_of(labels[-1], rng)
    return labels


def loaded(out) -> dict[str, np.ndarray]:
    """Annotations as the written config loads them, by image."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(out / 'mine.py')
    labels = {}
    for data in (cfg.labeled, cfg.val_dataloader.dataset):
        steps = [t for t in data.pipeline if t['type'].startswith('Load')]
        dataset = DATASETS.build({**data, 'pipeline': steps, 'test_mode': False})
        for i in range(len(dataset)):
            item = dataset[i]
            name = os.path.splitext(os.path.basename(item['img_path']))[0]
            labels[name] = item['gt_seg_map']
            assert item['img'].shape == (*SIZE, 3) and item['img'].dtype == np.uint8
    return labels


def written(images: Path, masks: Path, tmp_path: Path, **options) -> tuple[Survey, dict]:
    """Surveys folders and writes a project: what was found, and the annotations as loaded."""
    found = survey(images, masks, **options)
    out = tmp_path / "Ann's out"
    assert write_project(make_plan(found, VAL), out, 'mine')
    return found, loaded(out)


def colour_mask(label: np.ndarray) -> np.ndarray:
    """A label (H, W) in colours: (H, W, 3)."""
    return np.array([COLOURS[i] for i in range(3)], np.uint8)[label]


def in_folders(overlap: bool) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """``mask`` of ``folders``: two classes in two folders."""

    def mask(label):
        thing = label > 0 if overlap else label == 1
        return dict(thing=255 * thing.astype(np.uint8), part=(label == 2).astype(np.uint8))

    return mask
