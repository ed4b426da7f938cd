# SPDX-License-Identifier: Apache-2.0
"""Keeps a few images and their pseudo-labels from every generation, for the report."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from mmseg.registry import DATASETS, TRANSFORMS

from ..datasets.nested_datasets import Infos, parts_of
from ..datasets.pseudo_label_files import check_names, label_files, overlapping_classes, read_index
from ..errors import MissingFileError, UserError
from ..evaluation.written_label import write_label
from ..files.atomic import read_json, write_aside, write_json, write_png
from ..labels.spaces import IGNORE_INDEX
from ..report.loaded_picture import loaded_picture

FOLDER = 'examples'
LIST = 'examples.json'
TRUTH = 'truth'
PICTURES = 'images'
SIDE = 520  # pixels of a picture, at most: enough for a page
PER_KIND = 2
BYTES = set(range(256))


def choose_examples(images: Iterable[tuple[str, dict]]) -> dict[str, str]:
    """Chooses the most masked images, and those of median masked share.

    Where nothing is masked, the least agreement counts.

    Args:
        images (Iterable[tuple[str, dict]]): Names and rows of an index.

    Returns:
        dict[str, str]: Name to why it was chosen, ``'most masked'`` or ``'median'``.
    """
    ranks = sorted((-row['masked'], row['agreement'], name) for name, row in images)
    masked = any(rank[0] for rank in ranks)
    chosen = {name: 'most masked' if masked else 'least agreed' for *_, name in ranks[:PER_KIND]}
    middle = len(ranks) // 2
    for *_, name in ranks[middle : middle + PER_KIND]:
        chosen.setdefault(name, 'median')
    return chosen


def keep_examples(work_dir: Path, generation: int, labels: Path) -> None:
    """Copies the pseudo-labels of the example images beside those of earlier generations.

    The first generation that labels chooses the images.

    Args:
        work_dir (Path): Of the generational run.
        generation (int): Whose labels.
        labels (Path): Folder of its pseudo-labels.
    """
    index = read_index(labels)
    path = work_dir / FOLDER / LIST
    try:
        examples = read_examples(work_dir)
    except (UserError, MissingFileError):
        chosen = choose_examples(index.pairs())
        images = {name: dict(why=why, image=index[name]['image']) for name, why in chosen.items()}
        head = index.head
        examples = dict(images=images, palette=head['palette'], classes=head['classes'])
        write_json(path, examples)
    classes = overlapping_classes(index.head)
    target = work_dir / FOLDER / f'generation_{generation}'
    for name in examples['images']:
        if name not in index:  # a teacher returned NaN this time
            continue
        pairs = zip(_files(labels, name, classes), _files(target, name, classes), strict=True)
        for source, copy in pairs:
            write_aside(copy, Path(source).read_bytes())


def keep_pictures(work_dir: Path, unlabeled: dict) -> None:
    """Writes the example images as pictures, read as the pipeline of their data set reads them.

    Args:
        work_dir (Path): Of the generational run.
        unlabeled (dict): Config of the images to label.

    Raises:
        UserError: If one cannot be read.
    """
    names = {example['image']: n for n, example in read_examples(work_dir)['images'].items()}
    for dataset in parts_of(DATASETS.build(unlabeled)):
        for info in Infos(dataset):
            name = names.get(info['img_path'])
            if name is None or picture_file(work_dir, name).is_file():
                continue
            picture = loaded_picture(dataset, info, 'unlabeled_dataloader.dataset')
            height, width = picture.shape[:2]
            scale = SIDE / max(height, width)
            if scale < 1:
                size = (max(round(scale * width), 1), max(round(scale * height), 1))
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            write_png(picture_file(work_dir, name), picture[..., ::-1])


def picture_file(work_dir: Path, name: str) -> Path:
    """Returns the file of an example image."""
    return work_dir / FOLDER / PICTURES / f'{name}.png'


def keep_truth(work_dir: Path, unlabeled: dict) -> None:
    """Writes the true labels of the example images, where the config knows them.

    Args:
        work_dir (Path): Of the generational run.
        unlabeled (dict): Config of the images to label; a ``LoadHiddenAnnotations`` in its
            pipeline says where true labels are.

    Raises:
        UserError: If one cannot be read.
    """
    steps = [step for step in unlabeled['pipeline'] if step['type'] == 'LoadHiddenAnnotations']
    if not steps:
        return
    examples, load = read_examples(work_dir), TRANSFORMS.build(steps[0])
    names = {example['image']: name for name, example in examples['images'].items()}
    dataset = DATASETS.build(dict(unlabeled, pipeline=[]))
    for info in Infos(dataset):
        name = names.get(info['img_path'])
        if name is None:
            continue
        label = load(dict(info, seg_fields=[]))['hidden_seg_map']
        label = (label == 1).transpose(2, 0, 1) if label.ndim == 3 else label[None]
        mask = np.zeros(label.shape, bool)
        write_label(work_dir / FOLDER / TRUTH, name, label, mask, examples['classes'])


def read_examples(work_dir: Path) -> dict:
    """Reads the list of kept images: ``images``, ``classes`` and ``palette``.

    Raises:
        MissingFileError, UserError: If the list is missing or damaged.
    """
    path = work_dir / FOLDER / LIST
    remedy = 'Delete it: the report then shows no images, until labels are written again.'
    shape = dict(images={str: dict(why=str, image=str)}, classes=[str], palette=[[int]])
    content = read_json(path, shape, remedy)
    names, palette = content['classes'], content['palette']
    colours = all(len(colour) == 3 and set(colour) <= BYTES for colour in palette)
    if not colours or not 0 < len(names) == len(palette) < IGNORE_INDEX:
        raise UserError(f'{path} is damaged (palette: each class has red, green, blue). {remedy}')
    check_names([*content['images'], *names], path)
    return content


def _files(folder: Path, name: str, classes: list[str] | None) -> list[str]:
    found = label_files(folder, name, classes).values()
    return [path for f in found for path in (f.values() if isinstance(f, dict) else [f])]
