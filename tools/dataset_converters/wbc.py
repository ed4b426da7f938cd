# SPDX-License-Identifier: Apache-2.0
"""Makes data/wbc: white blood cells with the classes cell and nucleus."""

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from conversion.finding import check_pairs, locate, members
from conversion.images import check_same_size, decode, png
from conversion.jobs import Job, Result, Summary, run
from conversion.lists import draw_subsets, write_labeled_lists

from mmseg_im.errors import plain_errors

PAGE = 'https://github.com/zxaoyou/segmentation_WBC'
WANTED = {
    'cells': ['segmentation_WBC-master.zip', 'segmentation_WBC.zip', 'Dataset 1.zip'],
}


def _files(image: bytes, mask: bytes) -> Result:
    """Image, cell and nucleus; the mask is 0 outside, 128 cytoplasm, 255 nucleus."""
    image, mask = decode(image), decode(mask, cv2.IMREAD_GRAYSCALE)
    check_same_size(image, mask)
    other = set(np.unique(mask).tolist()) - {0, 128, 255}
    note = f'the mask holds {min(other)}, read as cytoplasm' if other else ''
    nucleus = (mask == 255).astype('uint8') * 255
    cell = (mask > 0).astype('uint8') * 255
    return Result([png(image), png(cell), png(nucleus)], note)


def convert(source: str | os.PathLike, out: str | os.PathLike, seed: int = 0) -> Summary:
    """Writes ``images/SUBSET/NNN.png``, ``annotations/SUBSET/{cell,nucleus}/NNN.png`` and lists.

    White blood cells, data set 1 of the WBC Image Dataset: cell and nucleus, which lies inside.

    Seven tenths train, one tenth val, two tenths test: 210, 30 and 60 of the 300 images.

    Args:
        source (str or PathLike): Folder ``Dataset 1``, the repository or its zip.
        out (str or PathLike): Folder to write.
        seed (int): Seed of the division and of the labeled lists.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    out = Path(out)
    cells = locate(source, WANTED, PAGE)['cells']
    images = members(cells, r'(?:^|Dataset 1/)(\d+)\.bmp$', 'Dataset 1/001.bmp')
    masks = members(cells, r'(?:^|Dataset 1/)(\d+)\.png$', 'Dataset 1/001.png')
    check_pairs(images, masks, f'mask NNN.png in {cells}')
    subsets = draw_subsets(images, dict(val=0.1, test=0.2), seed)
    jobs = []
    for subset, names in subsets.items():
        for name in names:
            labels = out / 'annotations' / subset
            outputs = [
                out / 'images' / subset / f'{name}.png',
                labels / 'cell' / f'{name}.png',
                labels / 'nucleus' / f'{name}.png',
            ]
            jobs.append(Job([(cells, images[name]), (cells, masks[name])], outputs, _files))
    summary = run(jobs, out, dict(seed=seed, images=len(images)))
    write_labeled_lists(out / 'splits', subsets['train'], [10, 5], seed)
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder "Dataset 1", the repository, or its zip')
    parser.add_argument('--out', default='data/wbc', help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out, args.seed)


if __name__ == '__main__':
    main()
