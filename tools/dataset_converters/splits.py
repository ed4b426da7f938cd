# SPDX-License-Identifier: Apache-2.0
"""Turns published lists of labeled images into annotation files and checks them."""

import argparse

from mmseg_im.errors import plain_errors


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
    from conversion import splits

    with plain_errors():
        splits.convert(args.source, args.family, args.out, args.data_root, args.val)


if __name__ == '__main__':
    main()
