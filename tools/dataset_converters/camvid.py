# SPDX-License-Identifier: Apache-2.0
"""Makes data/camvid (11 classes) or data/camvid32 (32 colours), by what SOURCE holds."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help="folder of SegNet's form or of the original")
    parser.add_argument('--out', help='default: data/camvid or data/camvid32')
    parser.add_argument('--lists', help='folder with the lists of SegNet, for the 32 colours')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    from conversion import camvid

    with plain_errors():
        camvid.convert(args.source, args.out, args.lists, args.seed)


if __name__ == '__main__':
    main()
