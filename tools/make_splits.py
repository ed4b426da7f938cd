# SPDX-License-Identifier: Apache-2.0
"""Draws labeled and unlabeled images: seeded, nested, groups together, no class missing.

Writes OUT/1_16/labeled.txt, OUT/1_16/unlabeled.txt and so on, one name a line, without suffix.
"""

import argparse

from mmseg_im.errors import UserError, plain_errors
from mmseg_im.errors.wording import counted


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('images', help='folder of images (recursive), or a list of names')
    parser.add_argument('out', help='folder for the lists')
    parser.add_argument('--ratios', nargs='+', default=[], help='such as 1/16 1/8')
    parser.add_argument('--counts', nargs='+', type=int, default=[], help='such as 20 40')
    parser.add_argument('--val', type=int, default=0, help='images to take out for validation')
    parser.add_argument('--test', type=int, default=0, help='images to take out for the test')
    parser.add_argument(
        '--group-by', help="regular expression; its first group is the key: '(.*)_[0-9]+'"
    )
    parser.add_argument(
        '--annotations',
        help='folder of class ids or of 0 and 255 (PNG), or of one folder for each class',
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_errors():
        from mmseg_im.own_data.annotations import class_presence
        from mmseg_im.own_data.folders import read_names
        from mmseg_im.own_data.split_files import split_lists, splits_table, write_lists
        from mmseg_im.own_data.splitting import (
            draw_splits,
            group_keys,
            missing_classes,
            parse_ratio,
            target_counts,
        )

        sizes = [*map(parse_ratio, args.ratios), *args.counts]
        if not sizes:
            raise UserError('Say how many images are labeled: --ratios 1/8, or --counts 20.')
        names = read_names(args.images)
        groups = group_keys(names, args.group_by) if args.group_by else None
        known, classes = class_presence(names, args.annotations) if args.annotations else ([], None)
        wanted = target_counts(sizes, len(names), args.val, args.test)
        splits = draw_splits(names, sizes, args.val, args.test, args.seed, groups, classes)
        lists = split_lists(splits, sizes)
        print(splits_table(lists, groups, known, classes))
        drawn = [*splits.labeled, splits.val, splits.test]
        for what, count, found in zip(
            [*sizes, 'val', 'test'], [*wanted, args.val, args.test], drawn, strict=True
        ):
            if len(found) != count:
                print(
                    f'{what}: {counted(len(found), "image")} in place of {count}, the closest that '
                    'whole groups gave.'
                )
            if classes is None or not found:
                continue
            for cls, reason in missing_classes(found, classes, known).items():
                print(f'{what}: class {cls} is missing, because {reason}.')
        write_lists(args.out, lists)
        print(f'The lists are in {args.out}')


if __name__ == '__main__':
    main()
