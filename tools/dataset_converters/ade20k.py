# SPDX-License-Identifier: Apache-2.0
"""Makes data/ade/ADEChallengeData2016 from the archive of the challenge."""

import argparse
import os
from pathlib import Path

from conversion.finding import check_pairs, locate, members
from conversion.images import check_values, decode_ids
from conversion.jobs import Job, Result, Summary, copy, run

from mmseg_im.errors import plain_errors

PAGE = 'http://sceneparsing.csail.mit.edu/'
WANTED = {'ade': ['ADEChallengeData2016.zip', 'ADEChallengeData2016']}


def _label(content: bytes) -> Result:
    """An annotation as it is, after a look at its values."""
    check_values(decode_ids(content), range(151))
    return copy(content)


def convert(source: str | os.PathLike, out: str | os.PathLike) -> Summary:
    """Writes ``images/{training,validation}`` and ``annotations/{training,validation}``.

    ADE20K in the form of the scene parsing challenge of 2016: 150 classes.

    Annotations keep their values: 0 is void, classes begin with 1; ``ADE20KDataset`` shifts them.

    Args:
        source (str or PathLike): Folder with the archive or what was unpacked from it.
        out (str or PathLike): Folder to write, ``.../ADEChallengeData2016``.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    out = Path(out)
    ade = locate(source, WANTED, PAGE)['ade']
    images = members(
        ade,
        r'(?:^|/)images/(training|validation)/([^/]+)\.jpg$',
        'images/training/ADE_train_00000001.jpg',
    )
    labels = members(
        ade,
        r'(?:^|/)annotations/(training|validation)/([^/]+)\.png$',
        'annotations/training/ADE_train_00000001.png',
    )
    check_pairs(images, labels, f'annotations/SUBSET/*.png in {ade}')
    jobs = [
        Job([(ade, member)], [out / folder / subset / f'{name}{suffix}'], what)
        for folder, suffix, files, what in (
            ('images', '.jpg', images, copy),
            ('annotations', '.png', labels, _label),
        )
        for (subset, name), member in files.items()
    ]
    return run(jobs, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with the archive')
    parser.add_argument(
        '--out', default='data/ade/ADEChallengeData2016', help='default: %(default)s'
    )
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out)


if __name__ == '__main__':
    main()
