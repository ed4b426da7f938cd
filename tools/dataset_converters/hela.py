# SPDX-License-Identifier: Apache-2.0
"""Makes data/hela: crops of HeLa cells with the classes alive, dead and position."""

import argparse

from mmseg_im.errors import plain_errors


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
    from conversion import hela

    with plain_errors():
        hela.convert(args.source, args.out, args.seed, args.leaky_split)


if __name__ == '__main__':
    main()
