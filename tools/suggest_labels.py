# SPDX-License-Identifier: Apache-2.0
"""Suggests which unlabeled images to label next: where trained networks disagree, in all classes.

Writes OUT/list.txt, scores.csv, pre_labels (to be finished by hand) and index.html.
"""

import argparse
from pathlib import Path

from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.files.config_file import read_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('config', help='of a semi-supervised training: network and images')
    parser.add_argument('checkpoints', nargs='+', help='one or more of this network')
    parser.add_argument('--number', type=int, default=10, help='of images; default: %(default)s')
    parser.add_argument(
        '--views', nargs='+', help='each network votes once for each view; default: identity, and '
        'of a single network also hflip and scale0.75',
    )  # fmt: skip
    parser.add_argument(
        '--rule', choices=('inconsistency', 'confidence', 'random'), default='inconsistency',
        help='the last two are for comparisons; default: %(default)s',
    )  # fmt: skip
    parser.add_argument('--seed', type=int, default=0, help='of --rule random')
    parser.add_argument('--out', default='suggested', help='folder to make; default: %(default)s')
    parser.add_argument(
        '--labelme', action='store_true', help='also OUT/labelme: polygons, to finish in LabelMe'
    )
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_errors():
        cfg = read_config(args.config)
        from mmseg_im.files.new_folder import check_is_free
        from mmseg_im.label_next.suggestion import suggest, write_suggestion

        out = Path(args.out)
        check_is_free(out)
        found = suggest(
            cfg, args.checkpoints, args.number, args.views, args.rule, args.seed, args.device
        )
        write_suggestion(found, cfg, out, args.labelme)
    print(f'{found.summary}\nThe images are named in {out / "list.txt"}: look at them in '
          f'{out / "index.html"}.')  # fmt: skip


if __name__ == '__main__':
    main()
