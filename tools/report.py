# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a generational run, finished or not."""

import argparse

from mmseg_im.errors import plain_errors


def main() -> None:
    parser = argparse.ArgumentParser(description='Write the report of a generational run')
    parser.add_argument('work_dir', help='folder of the run')
    args = parser.parse_args()
    from mmseg_im.generations import print_summary, read_summary, write_report

    with plain_errors():
        print(print_summary(read_summary(args.work_dir)))
        print(write_report(args.work_dir))


if __name__ == '__main__':
    main()
