# SPDX-License-Identifier: Apache-2.0
"""Makes data/suim: underwater images, colour masks as class ids."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with train_val.zip and TEST.zip')
    parser.add_argument('--out', default='data/suim', help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn lists; default: 0')
    args = parser.parse_args()
    from conversion import suim

    with plain_errors():
        suim.convert(args.source, args.out, args.seed)


if __name__ == '__main__':
    main()
