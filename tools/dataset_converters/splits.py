# SPDX-License-Identifier: Apache-2.0
"""Turns published lists of labeled images into annotation files and checks them."""

import argparse
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conversion.finding import shown
from conversion.lists import write_list
from prettytable import PrettyTable

from mmseg_im.datasets.lists import check_inside, read_lines
from mmseg_im.errors import MissingFileError, UserError, plain_errors
from mmseg_im.errors.wording import counted
from mmseg_im.files.safe_names import flaw_of_name


@dataclass(frozen=True)
class Form:
    """How a data set names its images.

    Attributes:
        pattern (str): Path of an image in a published list; the group is its name here.
        file (str): The image of a name, relative to the data set.
        total (int): Training images that the lists divide.
    """

    pattern: str
    file: str
    total: int


@dataclass(frozen=True)
class Family:
    """Lists that belong together.

    Attributes:
        form (Form): The data set.
        counts (Mapping[str, int]): Number of labeled images of each split, smallest first.
        aliases (Mapping[str, str]): Folder of a split in the publication, where it differs.
        folder (str): Where the splits are written, under the data set.
    """

    form: Form
    counts: Mapping[str, int]
    folder: str
    aliases: Mapping[str, str]


CITYSCAPES = Form(
    r'^leftImg8bit/(?:train|val)/([^/]+/[^/]+)_leftImg8bit\.png$',
    'leftImg8bit/train/{}_leftImg8bit.png',
    2975,
)
VOC = Form(r'^JPEGImages/([^/]+)\.jpg$', 'JPEGImages/{}.jpg', 10582)
ADE20K = Form(
    r'^images/(?:training|validation)/([^/]+)\.jpg$', 'images/training/{}.jpg', 20210
)  # fmt: skip
EIGHTHS = {'1_16': 186, '1_8': 372, '1_4': 744, '1_2': 1488}
BLENDED = {'662': 662, '1323': 1323, '2646': 2646}
FAMILIES = {
    'unimatch': Family(CITYSCAPES, EIGHTHS, 'splits/unimatch', {}),
    'u2pl': Family(CITYSCAPES, EIGHTHS, 'splits/u2pl', {k: str(v) for k, v in EIGHTHS.items()}),
    'classic': Family(
        VOC, {str(n): n for n in (92, 183, 366, 732, 1464)}, 'splits/classic', {}
    ),
    'blended': Family(
        VOC, BLENDED, 'splits/blended', {'662': '1_16', '1323': '1_8', '2646': '1_4'}
    ),
    'ade20k': Family(
        ADE20K,
        {'1_64': 316, '1_32': 631, '1_16': 1263, '1_8': 2526},
        'splits',
        {},
    ),
}  # fmt: skip


def read_names(path: Path, form: Form) -> list[str]:
    """Names of the images of a published list: each line holds an image, or image and mask.

    Raises:
        UserError: If a line is something else.
    """
    names = []
    for number, line in read_lines(path):
        if not line:
            continue
        match = re.match(form.pattern, line.split()[0])
        if match is not None:
            check_inside(path, number, match.group(1))
        if match is None or flaw_of_name(match.group(1)):
            raise UserError(
                f'{path}, line {number}: {line.split()[0]!r} is not an image of this data set, '
                f'which are named like {form.file.format("NAME")}. Is --family right?'
            )
        names.append(match.group(1))
    return names


def problems_of(labeled: list[str], unlabeled: list[str], count: int, total: int, val) -> list[str]:
    """What is wrong with a split.

    Args:
        labeled, unlabeled (list[str]): Names.
        count (int): How many are labeled, as published.
        total (int): How many training images there are.
        val (Collection[str]): Names that must not be trained on.
    """
    found = []
    if len(labeled) != count:
        found.append(f'{len(labeled)} labeled images instead of {count}')
    if len(labeled) + len(unlabeled) != total:
        found.append(f'{len(labeled) + len(unlabeled)} images instead of {total}')
    for kind, names in (('labeled', labeled), ('unlabeled', unlabeled)):
        repeated = [name for name, times in Counter(names).items() if times > 1]
        if repeated:
            found.append(f'repeated in {kind}: {shown(repeated)}')
        if set(names) & set(val):
            found.append(f'{kind} and in the validation list: {shown(set(names) & set(val))}')
    if set(labeled) & set(unlabeled):
        found.append(f'labeled and unlabeled: {shown(set(labeled) & set(unlabeled))}')
    return found


def convert(
    source: str | os.PathLike,
    family: str,
    out: str | os.PathLike,
    data_root: str | os.PathLike | None = None,
    val: str | os.PathLike | None = None,
) -> PrettyTable:
    """Writes ``OUT/splits/FAMILY/SPLIT/{labeled,unlabeled}.txt`` and prints what they hold.

    Nothing is written if a list is wrong.

    Args:
        source (str or PathLike): Folder with the published lists, one folder for each split.
        family (str): One of ``FAMILIES``.
        out (str or PathLike): Folder of the data set.
        data_root (str or PathLike, optional): Where to look whether each image exists.
        val (str or PathLike, optional): Validation list; by default ``val.txt`` in ``source``, if
            there.

    Returns:
        PrettyTable: Counts, overlap of labeled and unlabeled, and of the labeled with those of
        the next smaller split.

    Raises:
        MissingFileError: If a list is missing.
        UserError: If counts, duplicates, overlaps or missing images show that a list is wrong.
    """
    if family not in FAMILIES:
        raise UserError(f'--family {family} is not one of {", ".join(FAMILIES)}.')
    known, source = FAMILIES[family], Path(source)
    folders = {split: _folder(source, split, known) for split in known.counts}
    missing = [
        str(folder / f'{kind}.txt')
        for folder in folders.values()
        for kind in ('labeled', 'unlabeled')
        if not (folder / f'{kind}.txt').is_file()
    ]
    if missing:
        raise MissingFileError(
            f'Lists are missing: {", ".join(missing)}. {source} must hold all splits of the family '
            f'{family}, as its authors publish them.'
        )
    if val is not None and not Path(val).is_file():
        raise MissingFileError(f'--val {val} does not exist.')
    val = Path(val) if val is not None else source / 'val.txt'
    val_names = set(read_names(val, known.form)) if val.is_file() else set()
    table = PrettyTable(
        ['split', 'labeled', 'unlabeled', 'in both', 'in val', 'of the split above', 'nested']
    )
    lists, problems, above = {}, [], None
    for split, folder in folders.items():
        labeled, unlabeled = (
            read_names(folder / f'{kind}.txt', known.form) for kind in ('labeled', 'unlabeled')
        )
        lists[split] = (labeled, unlabeled)
        found = problems_of(labeled, unlabeled, known.counts[split], known.form.total, val_names)
        if data_root is not None:
            found += _missing_files({*labeled, *unlabeled}, Path(data_root), known.form)
        problems += [f'{folder}: {problem}' for problem in found]
        both = set(labeled) & set(unlabeled)
        in_val = len({*labeled, *unlabeled} & val_names) if val_names else 'no list'
        shared = '' if above is None else len(above & set(labeled))
        nested = '' if above is None else 'yes' if above <= set(labeled) else 'no'
        table.add_row([split, len(labeled), len(unlabeled), len(both), in_val, shared, nested])
        above = set(labeled)
    print(table)
    if problems:
        raise UserError('; '.join(problems) + '. Nothing was written: get the lists again.')
    for split, (labeled, unlabeled) in lists.items():
        for kind, names in (('labeled', labeled), ('unlabeled', unlabeled)):
            write_list(Path(out) / known.folder / split / f'{kind}.txt', names)
    print(f'{counted(len(lists), "split")} written to {Path(out) / known.folder}.')
    return table


def _folder(source: Path, split: str, family: Family) -> Path:
    for name in (family.aliases.get(split, split), split):
        if (source / name / 'labeled.txt').is_file():
            return source / name
    return source / family.aliases.get(split, split)


def _missing_files(names: set[str], root: Path, form: Form) -> list[str]:
    missing = [name for name in names if not (root / form.file.format(name)).is_file()]
    if not missing:
        return []
    return [f'{counted(len(missing), "image is", "images are")} not in {root}: {shown(missing)}']


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with one folder for each split')
    parser.add_argument(
        '--family', required=True, help='unimatch, u2pl, classic, blended or ade20k'
    )
    parser.add_argument('--out', required=True, help='folder of the data set')
    parser.add_argument('--data-root', help='where to look whether each image exists')
    parser.add_argument('--val', help='validation list; default: val.txt in SOURCE, if there')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.family, args.out, args.data_root, args.val)


if __name__ == '__main__':
    main()
