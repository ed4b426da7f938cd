# SPDX-License-Identifier: Apache-2.0
"""Makes data/suim: underwater images, colour masks as class ids."""

import argparse
import os
import re
from pathlib import Path

import cv2
import numpy as np
from conversion.finding import locate, members, shown
from conversion.images import decode, png
from conversion.jobs import Job, Result, Summary, run
from conversion.lists import draw_subsets, write_labeled_lists
from conversion.source import Source

from mmseg_im.errors import UserError, plain_errors
from mmseg_im.errors.wording import counted

PAGE = 'https://irvlab.cs.umn.edu/resources/suim-dataset'
WANTED = {
    'train_val': ['train_val.zip', 'train_val', 'train-val', 'SUIM.zip'],
    'test': ['TEST.zip', 'test.zip', 'TEST', 'test', 'SUIM.zip'],
}
SURPLUS = 1.1  # masks that are up to 10 % larger are padded at the bottom and the right


def colours_to_classes(mask: np.ndarray) -> np.ndarray:
    """Reads the class ids 0 to 7 from colours: red is bit 2, green bit 1, blue bit 0.

    Borders of some masks are blurred; a channel counts as set from 128 on.

    Args:
        mask (np.ndarray): (H, W, 3) uint8 BGR.

    Returns:
        np.ndarray: (H, W) uint8.
    """
    blue, green, red = np.moveaxis(mask >= 128, 2, 0).astype(np.uint8)
    return 4 * red + 2 * green + blue


def fit(label: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, str]:
    """Brings a label to the size of its image; some masks of the archive differ.

    Args:
        label (np.ndarray): (H, W) uint8.
        size (tuple[int, int]): Height and width of the image.

    Returns:
        tuple[np.ndarray, str]: Label of that size, and what was done, or ''. A label that is
        slightly larger is cut at the bottom and the right, where such masks are padded; another
        is resized to the nearest pixel.
    """
    if label.shape == size:
        return label, ''
    what = f'the mask is {label.shape} and the image {size} (height, width); the mask was '
    if all(n <= m <= SURPLUS * n for m, n in zip(label.shape, size, strict=True)):
        return label[: size[0], : size[1]], what + 'cut'
    resized = cv2.resize(label, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return resized, what + 'resized'


def _pair(image: bytes, mask: bytes) -> Result:
    label, note = fit(colours_to_classes(decode(mask)), decode(image).shape[:2])
    return Result([image, png(label)], note)


def _key(name: str) -> str:
    """What image and mask have in common: ``d_r_1_.jpg``, ``d_r_1_.bmp`` or ``d_r_1.bmp``."""
    return name.lower().rstrip('_')


def _pairs(source: Source, folder: str) -> dict[str, tuple[str, str]]:
    """Name, image and mask of a folder; says which images have no mask.

    Masks in folders below ``masks`` are those of single classes and are not read.
    """
    spelt = folder.replace('_', '[_-]?')
    # a source that is itself the folder has no folder of this name above its images
    above = '' if re.fullmatch(spelt, source.path.stem, re.IGNORECASE) else f'{spelt}/'
    images = members(
        source, rf'(?i)(?:^|/){above}images/([^/]+)\.jpe?g$', f'{folder}/images/d_r_1_.jpg'
    )
    masks = members(
        source, rf'(?i)(?:^|/){above}masks/([^/]+)\.(?:bmp|png)$', f'{folder}/masks/d_r_1_.bmp'
    )
    found = masks
    masks = {}
    for name, member in found.items():
        other = masks.setdefault(_key(name), member)
        if other != member:
            raise UserError(
                f'{other} and {member} in {source} are both masks of one image. Take one away.'
            )
    alone = [name for name in images if _key(name) not in masks]
    if len(alone) == len(images):
        raise UserError(f'No image in {source} has a mask of its name, such as {alone[0]}.bmp.')
    if alone:
        print(
            f'Left out, without a mask in {source}: {counted(len(alone), "image")}, {shown(alone)}.'
        )
    return {
        name: (member, masks[_key(name)]) for name, member in images.items() if name not in alone
    }


def convert(source: str | os.PathLike, out: str | os.PathLike, seed: int = 0) -> Summary:
    """Writes ``images/SUBSET/NAME.jpg``, ``annotations/SUBSET/NAME.png`` and ``splits/1_10``.

    SUIM: underwater images whose masks are colours, one bit for each channel.

    A tenth of ``train_val`` becomes ``val``. Names tell the kind of scene but not the dive, so
    images are drawn one by one.

    Args:
        source (str or PathLike): Folder with the archives or the unpacked folders.
        out (str or PathLike): Folder to write.
        seed (int): Seed of the division and of the labeled list.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    out = Path(out)
    found = locate(source, WANTED, PAGE)
    pairs = {key: _pairs(found[key], key) for key in found}
    subsets = draw_subsets(pairs['train_val'], dict(val=0.1), seed)
    subsets['test'] = sorted(pairs['test'])
    jobs = []
    for subset, names in subsets.items():
        key = 'test' if subset == 'test' else 'train_val'
        for name in names:
            outputs = [
                out / 'images' / subset / f'{name}.jpg',
                out / 'annotations' / subset / f'{name}.png',
            ]
            jobs.append(Job([(found[key], part) for part in pairs[key][name]], outputs, _pair))
    summary = run(jobs, out, dict(seed=seed, train_val=len(pairs['train_val'])))
    write_labeled_lists(out / 'splits', subsets['train'], [10], seed)
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with train_val.zip and TEST.zip')
    parser.add_argument('--out', default='data/suim', help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out, args.seed)


if __name__ == '__main__':
    main()
