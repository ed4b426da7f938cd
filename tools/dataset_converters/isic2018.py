# SPDX-License-Identifier: Apache-2.0
"""Makes data/isic2018: skin lesions of task 1 at one size."""

import argparse

from mmseg_im.errors import plain_errors


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
    from conversion import isic2018

    with plain_errors():
        isic2018.convert(args.source, args.out, args.size, args.seed)


if __name__ == '__main__':
    main()
