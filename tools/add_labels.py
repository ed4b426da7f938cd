# SPDX-License-Identifier: Apache-2.0
"""Adds finished label files to a project of init_project.py.

Draws them into its masks, and moves their images from unlabeled.txt to labeled.txt.
"""

import argparse
import shlex
from pathlib import Path

from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.errors.wording import counted, listed


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('config', type=Path, help='of the project, such as data/mine/mine.py')
    parser.add_argument(
        'labels', type=Path, nargs='+', help='finished files of LabelMe, COCO or CVAT, or folders'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_errors():
        from mmseg_im.own_data.folders import flaws_text
        from mmseg_im.own_data.label_files.added_labels import add_labels
        from mmseg_im.own_data.label_files.written_project import read_project

        project = read_project(args.config)
        added = add_labels(project, args.labels)
        if added.flaws:
            left_out = {flaw.name for flaw in added.flaws} - {''}
            print(f'{flaws_text(added.flaws)}\nLeft out: {counted(len(left_out), "image")}.\n')
        for sentence in added.notes:
            print(f'Note: {sentence}')
        if added.already:
            print(
                f'Labeled before, and left as they are: {counted(len(added.already), "image")} '
                f'({listed(added.already)}).'
            )
        names = f' ({listed(added.names)})' if added.names else ''
        print(
            f'Added: {counted(len(added.names), "image")}{names}. '
            f'Unlabeled: {counted(added.left, "image")}.'
        )
        if added.names:
            config = shlex.quote(str(args.config))
            print(f'Next, into a new folder:\n  python tools/train.py {config} --work-dir WORK_DIR')


if __name__ == '__main__':
    main()
