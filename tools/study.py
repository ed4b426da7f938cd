# SPDX-License-Identifier: Apache-2.0
"""Runs a study, a table of configs and seeds, and prints its table from the results.

Several processes may run the same study at once; each cell is run by one of them, and what was
interrupted goes on where it was.
"""

import argparse
from pathlib import Path

from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('command', choices=['run', 'table'])
    parser.add_argument('study', help='a file of tools/studies')
    parser.add_argument('--work-dir', help='default: work_dirs/studies/NAME')
    parser.add_argument('--seeds', type=int, nargs='+', help='default: those of the study')
    parser.add_argument('--rows', nargs='+', help='names of rows; default: all')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    work_dir = Path(args.work_dir or Path('work_dirs/studies') / Path(args.study).stem)
    with plain_errors():
        from mmseg_im.engine.study import read_study, run_study
        from mmseg_im.report.study import study_table

        study = read_study(args.study)
        seeds = args.seeds or list(study.seeds)
        if args.command == 'run':
            run_study(study, work_dir, seeds, args.rows)
        print(study_table(study, work_dir, seeds))


if __name__ == '__main__':
    main()
