# SPDX-License-Identifier: Apache-2.0
"""Makes data/ade/ADEChallengeData2016 from the archive of the challenge."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', help='folder with the archive')
    parser.add_argument(
        '--out', default='data/ade/ADEChallengeData2016', help='default: %(default)s'
    )
    args = parser.parse_args()
    from conversion import ade20k

    with plain_errors():
        ade20k.convert(args.source, args.out)


if __name__ == '__main__':
    main()
