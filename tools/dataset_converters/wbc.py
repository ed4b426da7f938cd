# SPDX-License-Identifier: Apache-2.0
"""Makes data/wbc: white blood cells with the classes cell and nucleus."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder "Dataset 1", the repository, or its zip')
    parser.add_argument('--out', default='data/wbc', help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    from conversion import wbc

    with plain_errors():
        wbc.convert(args.source, args.out, args.seed)


if __name__ == '__main__':
    main()
