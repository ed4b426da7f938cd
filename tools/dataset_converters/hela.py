# SPDX-License-Identifier: Apache-2.0
"""Makes data/hela: crops of HeLa cells with the classes alive, dead and position."""

import argparse
import functools
import os
from pathlib import Path

import cv2
import numpy as np
from conversion.finding import check_pairs, members
from conversion.images import check_same_size, decode, png, size_of
from conversion.jobs import Job, Result, Summary, run
from conversion.lists import draw_subsets, write_labeled_lists
from conversion.source import Source

from mmseg_im.errors import MissingFileError, UserError, plain_errors

PAGE = 'https://github.com/MichaelVorndran/InconsistencyMasks'
SUBSETS = {'train_full': 'train', 'val': 'val', 'test': 'test'}
PATTERN = (
    r'(?:^|/)(?:(train_full|val|test)/)?(brightfield|alive|dead|mod_position|position)'
    r'/([^/]+)\.(?:png|jpe?g|tiff?|bmp)$'
)
CLASSES = ('alive', 'dead', 'position')
CROP = 256
OVERLAP = 0.6


def centres(mask: np.ndarray) -> list[tuple[int, int]]:
    """Centres (x, y) of the blobs and holes of a mask after an erosion by 3 x 3.

    Args:
        mask (np.ndarray): (H, W) uint8 of 0 and 255.
    """
    eroded = cv2.erode(mask, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(eroded, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    moments = [cv2.moments(contour) for contour in contours]
    return [
        (int(m['m10'] / m['m00']) + 1, int(m['m01'] / m['m00']) + 1)
        for m in moments
        if m['m00'] > 0
    ]


def draw_positions(mask: np.ndarray) -> np.ndarray:
    """Redraws a position mask as discs that do not touch.

    A disc's radius is a quarter of the distance to the nearest other centre, at least 3 and at
    most 8 pixels; a lone one has 8.

    Args:
        mask (np.ndarray): (H, W) uint8 of 0 and 255.

    Returns:
        np.ndarray: (H, W) uint8 of 0 and 255.
    """
    points = sorted(set(centres(mask)))
    out = np.zeros_like(mask)
    for i, point in enumerate(points):
        others = points[:i] + points[i + 1 :]
        distance = min((np.hypot(x - point[0], y - point[1]) for x, y in others), default=99)
        cv2.circle(out, point, int(np.clip(distance // 4, 3, 8)), 255, -1)
    return out


def crop_corners(height: int, width: int) -> list[tuple[int, int]]:
    """Upper left corners (y, x) of crops of 256 pixels that overlap by 0.6.

    The last crops are pushed back into the image; those that then coincide are taken once.

    Raises:
        UserError: If the image is smaller than a crop.
    """
    if min(height, width) < CROP:
        raise UserError(f'it has {height}x{width} pixels, and a crop {CROP}x{CROP}.')
    rows, columns = (
        {min(int(i * size / count), size - CROP) for i in range(count)}
        for size in (height, width)
        for count in [max(round(size / (CROP * (1 - OVERLAP))), 1)]
    )
    return [(y, x) for x in sorted(columns) for y in sorted(rows)]


def _crops(*contents: bytes, redraw: bool) -> Result:
    """All crops of an image and of its masks alive, dead and position."""
    channels = [decode(content, cv2.IMREAD_GRAYSCALE) for content in contents]
    for mask in channels[1:]:
        check_same_size(channels[0], mask)
    masks = [(mask > 10).astype(np.uint8) * 255 for mask in channels[1:]]
    if redraw:
        masks[2] = draw_positions(masks[2])
    return Result(
        [
            png(channel[y : y + CROP, x : x + CROP])
            for y, x in crop_corners(*channels[0].shape)
            for channel in [channels[0], *masks]
        ]
    )


def _subsets(images: dict, seed: int) -> dict[str, list[tuple[str | None, str]]]:
    """The archive's own subsets if it has any, else a draw by image."""
    given = {subset for subset, _ in images} - {None}
    if not given:
        drawn = draw_subsets([name for _, name in images], dict(val=0.1, test=0.2), seed)
        return {subset: [(None, name) for name in names] for subset, names in drawn.items()}
    if given != set(SUBSETS):
        raise UserError(
            f'Of the folders train_full, val and test only {", ".join(sorted(given))} are there.'
        )
    return {
        subset: sorted(key for key in images if key[0] == folder)
        for folder, subset in SUBSETS.items()
    }


def convert(
    source: str | os.PathLike, out: str | os.PathLike, seed: int = 0, leaky_split: bool = False
) -> Summary:
    """Writes crops: ``images/SUBSET``, ``annotations/SUBSET/{alive,dead,position}``, lists.

    HeLa cells in bright field: alive, dead and position, three classes that overlap.

    Args:
        source (str or PathLike): Folder or archive with ``brightfield``, ``alive``, ``dead`` and
            ``mod_position`` (or ``position``, which is redrawn), or with the folders
            ``train_full``, ``val`` and ``test``, which hold these; else whole images are drawn:
            seven tenths train, one tenth val, two tenths test.
        out (str or PathLike): Folder to write.
        seed (int): Seed of the division and of the labeled list.
        leaky_split (bool): The labeled tenth is drawn from crops, as in the original study, so
            that a labeled and an unlabeled crop can overlap; by default it is drawn from images.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    out = Path(out)
    if not Path(source).exists():
        raise MissingFileError(f'{source} does not exist. The data is linked at {PAGE}.')
    source = Source(source)
    files = members(source, PATTERN, 'train_full/brightfield/NAME.png or brightfield/NAME.png')
    place = 'mod_position' if any(key[1] == 'mod_position' for key in files) else 'position'
    images = [(subset, name) for subset, channel, name in files if channel == 'brightfield']
    for channel in ('alive', 'dead', place):
        labeled = {(subset, name) for subset, kind, name in files if kind == channel}
        alone = [name for subset, name in images if (subset, name) not in labeled]
        check_pairs(alone, (), f'mask in the folder {channel} of {source}')
    convert_crops = functools.partial(_crops, redraw=place == 'position')
    jobs, train = [], []
    for subset, keys in _subsets(images, seed).items():
        for folder, name in keys:
            inputs = [
                (source, files[folder, channel, name])
                for channel in ('brightfield', 'alive', 'dead', place)
            ]
            crops = [f'{name}_{i}' for i in range(_count(*inputs[0]))]
            outputs = [
                path / f'{crop}.png'
                for crop in crops
                for path in [
                    out / 'images' / subset,
                    *(out / 'annotations' / subset / one for one in CLASSES),
                ]
            ]
            jobs.append(Job(inputs, outputs, convert_crops))
            train += crops if subset == 'train' else []
    options = dict(seed=seed, images=len(images), leaky_split=leaky_split, positions=place)
    summary = run(jobs, out, options)
    write_labeled_lists(
        out / 'splits', train, [10], seed, _crop_name if leaky_split else _image_name
    )
    return summary


def _count(source: Source, name: str) -> int:
    """How many crops an image has."""
    content = source.read(name)
    try:
        return len(crop_corners(*size_of(content)))
    except UserError as error:
        raise UserError(f'{name} in {source}: {error}') from None


def _image_name(crop: str) -> str:
    return crop.rsplit('_', 1)[0]


def _crop_name(crop: str) -> str:
    return crop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        'source', help='folder or archive with brightfield, alive, dead, mod_position'
    )
    parser.add_argument('--out', default='data/hela', help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    parser.add_argument(
        '--leaky-split',
        action='store_true',
        help='draw labeled crops, not images, as the original study: they overlap unlabeled ones',
    )
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out, args.seed, args.leaky_split)


if __name__ == '__main__':
    main()
