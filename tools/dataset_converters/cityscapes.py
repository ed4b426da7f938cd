# SPDX-License-Identifier: Apache-2.0
"""Makes data/cityscapes: images and 19-class annotations."""

import argparse
import os
from pathlib import Path

import numpy as np
from conversion.finding import check_pairs, locate, members
from conversion.images import check_sizes, check_values, decode_ids, png, size_of
from conversion.jobs import Job, Result, Summary, copy, run
from conversion.lists import write_labeled_lists, write_list

from mmseg_im.errors import plain_errors

PAGE = 'https://www.cityscapes-dataset.com/downloads/'
WANTED = {
    'images': ['leftImg8bit_trainvaltest.zip', 'leftImg8bit'],
    'labels': ['gtFine_trainvaltest.zip', 'gtFine'],
    'extra': ['leftImg8bit_trainextra.zip', 'leftImg8bit/train_extra'],
}
# Ids of the evaluated classes in the order of their train ids, from the official table (labels.py
# of cityscapesScripts): road, sidewalk, building, wall, fence, pole, traffic light, traffic sign,
# vegetation, terrain, sky, person, rider, car, truck, bus, train, motorcycle, bicycle.
IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
TABLE = np.full(256, 255, np.uint8)
TABLE[list(IDS)] = np.arange(len(IDS))


def to_train_ids(ids: np.ndarray) -> np.ndarray:
    """Maps the 34 official ids to the 19 evaluated classes.

    Args:
        ids (np.ndarray): (H, W) uint8 of 0 to 33, or 255, which is -1 (licence plate).

    Returns:
        np.ndarray: (H, W) uint8 of 0 to 18, and 255 where no class is evaluated.

    Raises:
        UserError: If another value occurs.
    """
    check_values(ids, [*range(34), 255])
    return TABLE[ids]


def _label(content: bytes, image: bytes) -> Result:
    ids = decode_ids(content)
    check_sizes(size_of(image), ids.shape)
    return Result([png(to_train_ids(ids))])


def convert(source: str | os.PathLike, out: str | os.PathLike) -> Summary:
    """Writes ``leftImg8bit/{train,val,train_extra}`` and ``gtFine/{train,val}``.

    Cityscapes: images as they are, annotations of 34 ids turned into 19 classes.

    The coarsely annotated images (``train_extra``) are taken if they are there. The 500 validation
    images are divided into two fixed halves, ``splits/halves/{val,test}.txt``: every second of the
    sorted names; a tenth of the training images is drawn for ``splits/1_10``, as in the study.

    Args:
        source (str or PathLike): Folder with the archives or the unpacked folders; if it is
            ``out``, only annotations and lists are made.
        out (str or PathLike): Folder to write.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    out = Path(out)
    found = locate(source, WANTED, PAGE, optional=['extra'])
    images = members(
        found['images'],
        r'(?:^|/)(train|val)/([^/]+)/([^/]+)_leftImg8bit\.png$',
        'train/aachen/aachen_000000_000019_leftImg8bit.png',
    )
    labels = members(
        found['labels'],
        r'(?:^|/)(train|val)/([^/]+)/([^/]+)_gtFine_labelIds\.png$',
        'train/aachen/aachen_000000_000019_gtFine_labelIds.png',
    )
    check_pairs(images, labels, f'*_gtFine_labelIds.png in {found["labels"]}')
    jobs = []
    for (subset, city, name), member in images.items():
        path = out / 'leftImg8bit' / subset / city / f'{name}_leftImg8bit.png'
        jobs.append(Job([(found['images'], member)], [path], copy))
    for key in images:
        subset, city, name = key
        path = out / 'gtFine' / subset / city / f'{name}_gtFine_labelTrainIds.png'
        jobs.append(
            Job([(found['labels'], labels[key]), (found['images'], images[key])], [path], _label)
        )
    if 'extra' in found:
        extra = members(
            found['extra'],
            r'([^/]+)/([^/]+)_leftImg8bit\.png$',
            'train_extra/augsburg/augsburg_000000_000000_leftImg8bit.png',
        )
        for (city, name), member in extra.items():
            path = out / 'leftImg8bit' / 'train_extra' / city / f'{name}_leftImg8bit.png'
            jobs.append(Job([(found['extra'], member)], [path], copy))
    summary = run(jobs, out)
    val = sorted(f'{city}/{name}' for subset, city, name in images if subset == 'val')
    write_list(out / 'splits' / 'halves' / 'val.txt', val[0::2])
    write_list(out / 'splits' / 'halves' / 'test.txt', val[1::2])
    train = [f'{city}/{name}' for subset, city, name in images if subset == 'train']
    write_labeled_lists(out / 'splits', train, [10], seed=0)
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        'source', help='folder with the archives; the output folder itself makes annotations only'
    )
    parser.add_argument('--out', default='data/cityscapes', help='default: %(default)s')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out)


if __name__ == '__main__':
    main()
