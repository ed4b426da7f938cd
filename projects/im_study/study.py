# SPDX-License-Identifier: Apache-2.0
"""Runs a study, a table of configs and seeds, and shows its results.

``run`` trains and tests what has no result yet and prints the tables, ``table`` prints them,
``collect`` writes the results that are there into one file, ``page`` writes a Markdown page about
several studies. Several processes may run the same study at once; each cell is run by one of them,
and what was interrupted goes on where it was.
"""

import argparse
from pathlib import Path

from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough

WORK_DIRS = 'work_dirs/studies'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest='command', required=True)
    for command in ('run', 'table', 'collect'):
        one = commands.add_parser(command)
        one.add_argument('study', help='a file of projects/im_study/studies')
        one.add_argument('--work-dir', help=f'default: {WORK_DIRS}/NAME')
        one.add_argument('--seeds', type=int, nargs='+', help='default: those of the study')
        one.add_argument('--rows', nargs='+', help='names of rows; default: all')
        if command == 'run':
            one.add_argument('--jobs', type=int, default=1, help='processes at once (default: 1)')
        if command == 'collect':
            one.add_argument('--out', required=True, help='NAME.jsonl; its other lines stay')
    page = commands.add_parser('page')
    page.add_argument(
        'studies', nargs='+', metavar='study', help='files of projects/im_study/studies'
    )
    page.add_argument(
        '--work-dir', default=WORK_DIRS, help='holds a folder or NAME.jsonl for each study'
    )
    page.add_argument('--out', help='default: results.md in --work-dir')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_errors():
        from im_study.jobs import run_jobs
        from im_study.page import write_page
        from im_study.results import collect
        from im_study.rules import adds_labels, rule_table
        from im_study.run import check_names, folder_of_study, read_study, run_study
        from im_study.tables import study_table

        if args.command == 'page':
            out = args.out or str(Path(args.work_dir, 'results.md'))
            write_page(args.studies, args.work_dir, out)
            print(out)
            return
        study = read_study(args.study)
        work_dir = Path(args.work_dir or folder_of_study(study, args.study, WORK_DIRS))
        seeds = args.seeds or list(study.seeds)
        if args.command == 'run' and args.jobs > 1:
            check_names(study, args.rows)
            rows = ['--rows', *args.rows] if args.rows else []
            same = [args.study, '--work-dir', str(work_dir), '--seeds', *map(str, seeds), *rows]
            run_jobs(['run', *same], args.jobs, work_dir)
        elif args.command == 'run':
            run_study(study, work_dir, seeds, args.rows)
        check_names(study, args.rows)
        if args.rows:
            study.rows = [row for row in study.rows if row.name in args.rows]
        if args.command == 'collect':
            count = collect(study, work_dir, seeds, Path(args.out))
            print(f'{args.out} holds {count} results.')
            return
        print(study_table(study, work_dir, seeds))
        if adds_labels(study):
            print(f'\n{rule_table(study, work_dir, seeds)}')


if __name__ == '__main__':
    main()
