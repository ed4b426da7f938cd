# SPDX-License-Identifier: Apache-2.0
"""Makes data/cityscapes: images and 19-class annotations."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        'source', help='folder with the archives; the output folder itself makes annotations only'
    )
    parser.add_argument('--out', default='data/cityscapes', help='default: %(default)s')
    args = parser.parse_args()
    from conversion import cityscapes

    with plain_errors():
        cityscapes.convert(args.source, args.out)


if __name__ == '__main__':
    main()
