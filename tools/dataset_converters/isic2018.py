# SPDX-License-Identifier: Apache-2.0
"""Makes data/isic2018: skin lesions of task 1 at one size."""

import argparse
import functools
import os
from pathlib import Path

import cv2
from conversion.finding import check_pairs, locate, members
from conversion.images import check_same_size, decode, jpeg, png, shrink, shrink_mask
from conversion.jobs import Job, Result, Summary, run
from conversion.lists import write_labeled_lists

from mmseg_im.errors import UserError, plain_errors

PAGE = 'https://challenge.isic-archive.com/data/#2018'
ARCHIVES = {'train': 'Training', 'val': 'Validation', 'test': 'Test'}
WANTED = {
    f'{subset}_{kind}': [f'ISIC2018_{task}_{name}_{kind}.zip']
    for subset, name in ARCHIVES.items()
    for kind, task in (('Input', 'Task1-2'), ('GroundTruth', 'Task1'))
}


def _pair(image: bytes, mask: bytes, size: tuple[int, int]) -> Result:
    """Image (H, W, 3) and mask (H, W) of 0 and 255 at ``size``, the mask as 0 and 1."""
    image, mask = decode(image), decode(mask, cv2.IMREAD_GRAYSCALE)
    check_same_size(image, mask)
    label = shrink_mask(mask > 127, size).astype('uint8')
    return Result([jpeg(shrink(image, size)), png(label)])


def convert(
    source: str | os.PathLike,
    out: str | os.PathLike,
    size: tuple[int, int] = (256, 256),
    seed: int = 0,
) -> Summary:
    """Writes ``images/SUBSET/NAME.jpg``, ``annotations/SUBSET/NAME.png`` and ``splits/1_10``.

    ISIC 2018, task 1: outlines of skin lesions, at one small size.

    Args:
        source (str or PathLike): Folder with the six archives or folders of task 1.
        out (str or PathLike): Folder to write.
        size (tuple[int, int]): Height and width; both are resized by averaging areas, and a mask
            covers a pixel if it covers half of its area.
        seed (int): Seed of the labeled list.

    Raises:
        MissingFileError, UserError: If something is missing or damaged, or ``size`` is none.
    """
    if min(size) < 1:
        raise UserError(f'--size {size[0]} {size[1]}: height and width are 1 pixel or more.')
    out = Path(out)
    found = locate(source, WANTED, PAGE)
    jobs, train = [], []
    for subset in ARCHIVES:
        inputs, truth = found[f'{subset}_Input'], found[f'{subset}_GroundTruth']
        images = members(inputs, r'(ISIC_\d+)\.jpg$', 'ISIC_0000000.jpg')
        masks = members(truth, r'(ISIC_\d+)_segmentation\.png$', 'ISIC_0000000_segmentation.png')
        check_pairs(images, masks, f'*_segmentation.png in {truth}')
        train += images if subset == 'train' else []
        for name, member in images.items():
            outputs = [
                out / 'images' / subset / f'{name}.jpg',
                out / 'annotations' / subset / f'{name}.png',
            ]
            pair = functools.partial(_pair, size=tuple(size))
            jobs.append(Job([(inputs, member), (truth, masks[name])], outputs, pair))
    summary = run(jobs, out, dict(size=size, seed=seed))
    write_labeled_lists(out / 'splits', train, [10], seed)
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with the six archives')
    parser.add_argument('--out', default='data/isic2018', help='default: %(default)s')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=[256, 256],
        metavar=('H', 'W'),
        help='default: 256 256',
    )
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out, args.size, args.seed)


if __name__ == '__main__':
    main()
