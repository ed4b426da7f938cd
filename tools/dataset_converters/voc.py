# SPDX-License-Identifier: Apache-2.0
"""Makes data/VOCdevkit/VOC2012: Pascal VOC 2012 and the annotations of SBD."""

import argparse
import os
from pathlib import Path

from conversion.finding import check_pairs, locate, members
from conversion.images import check_values, decode_ids, png
from conversion.jobs import Job, Result, Summary, copy, run

from mmseg_im.errors import plain_errors

PAGE = (
    'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (VOC); masks that include SBD are linked in '
    'https://github.com/LiheYoung/UniMatch (rename that archive to SegmentationClassAug.zip)'
)
WANTED = {
    'voc': ['VOCtrainval_11-May-2012.tar', 'VOCdevkit/VOC2012', 'VOC2012'],
    'aug': [
        'SegmentationClassAug.zip', 'SegmentationClassAug', 'VOCdevkit/VOC2012/SegmentationClassAug'
    ],
}  # fmt: skip


def _label(content: bytes) -> Result:
    """Class ids as a gray image, whatever palette they had."""
    ids = decode_ids(content)
    check_values(ids, [*range(21), 255])
    return Result([png(ids)])


def convert(source: str | os.PathLike, out: str | os.PathLike) -> Summary:
    """Writes ``JPEGImages``, ``SegmentationClass``, ``SegmentationClassAug`` and the lists.

    Pascal VOC 2012 with the additional annotations of SBD.

    ``SegmentationClassAug`` holds VOC's own annotation of an image that has one, else SBD's.

    Args:
        source (str or PathLike): Folder with the archives or the unpacked folders.
        out (str or PathLike): Folder to write, ``.../VOCdevkit/VOC2012``.

    Raises:
        MissingFileError, UserError: If something is missing or damaged.
    """
    out = Path(out)
    found = locate(source, WANTED, PAGE)
    voc, aug = found['voc'], found['aug']
    images = members(voc, r'(?:^|/)JPEGImages/([^/]+)\.jpg$', 'JPEGImages/2007_000027.jpg')
    own = members(
        voc, r'(?:^|/)SegmentationClass/([^/]+)\.png$', 'SegmentationClass/2007_000032.png'
    )
    lists = members(
        voc, r'(?:^|/)ImageSets/Segmentation/([^/]+)\.txt$', 'ImageSets/Segmentation/val.txt'
    )
    added = members(aug, r'(?:^|SegmentationClass(?:Aug)?/)(\d{4}_\d{6})\.png$', '2008_000002.png')
    check_pairs({**added, **own}, images, f'image JPEGImages/*.jpg in {voc}')
    jobs = [
        Job([(voc, member)], [out / folder / f'{name}{suffix}'], copy)
        for folder, suffix, files in (
            ('JPEGImages', '.jpg', images),
            ('SegmentationClass', '.png', own),
            ('ImageSets/Segmentation', '.txt', lists),
        )
        for name, member in files.items()
    ]
    labels = {name: (aug, member) for name, member in added.items()}
    labels.update({name: (voc, member) for name, member in own.items()})
    for name, place in labels.items():
        jobs.append(Job([place], [out / 'SegmentationClassAug' / f'{name}.png'], _label))
    return run(jobs, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with the archives')
    parser.add_argument('--out', default='data/VOCdevkit/VOC2012', help='default: %(default)s')
    args = parser.parse_args()
    with plain_errors():
        convert(args.source, args.out)


if __name__ == '__main__':
    main()
