# SPDX-License-Identifier: Apache-2.0
"""Makes data/VOCdevkit/VOC2012: Pascal VOC 2012 and the annotations of SBD."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with the archives')
    parser.add_argument('--out', default='data/VOCdevkit/VOC2012', help='default: %(default)s')
    args = parser.parse_args()
    from conversion import voc

    with plain_errors():
        voc.convert(args.source, args.out)


if __name__ == '__main__':
    main()
