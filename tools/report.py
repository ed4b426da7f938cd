# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a run, online or in generations, finished or not."""

import argparse
from pathlib import Path

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description='Write the report of a run, finished or not')
    parser.add_argument('work_dir', type=Path, help='folder of the run')
    work_dir = parser.parse_args().work_dir
    from mmseg_im.engine.run_report.run_page import write_run_report
    from mmseg_im.engine.run_report.run_results import print_results, read_results
    from mmseg_im.generations import print_summary, read_summary, write_report
    from mmseg_im.generations.state import STATE

    with plain_errors():
        if (work_dir / STATE).is_file():
            print(print_summary(read_summary(work_dir)))
            print(write_report(work_dir))
        else:
            print(print_results(read_results(work_dir)))
            print(write_run_report(work_dir))


if __name__ == '__main__':
    main()
