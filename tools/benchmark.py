# SPDX-License-Identifier: Apache-2.0
"""Measures parts of the package on random data; prints tables of ratios and writes JSON."""

import argparse
import importlib
import sys

from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough

ITEM = 'CONFIG[:compile][:key=value...], such as x.py:optim_wrapper.type=BFloat16OptimWrapper'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest='command', required=True)
    shown = dict(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    predict = commands.add_parser(
        'predict', help='K teachers that write pseudo-labels, against plain Runner.test()', **shown
    )
    predict.add_argument('config', help='config whose model predicts')
    predict.add_argument('--teachers', type=int, nargs='+', default=[1, 4], help='K to measure')
    predict.add_argument('--images', type=int, default=64, help='how many')
    step = commands.add_parser(
        'step', help='training steps of configs, against the first of them', **shown
    )
    step.add_argument('configs', nargs='+', help=f'each {ITEM}; ratios are to the first')
    published = commands.add_parser(
        'published',
        help='a step of UniMatch or UniMatch V2, against it in the published manner',
        **shown,
    )
    published.add_argument('config', help=f'{ITEM}; model.semi must be UniMatch or UniMatchV2')
    for command in (step, published):
        command.add_argument('--steps', type=int, default=10, help='of a run, whose median counts')
        command.add_argument(
            '--threads', type=int, default=1, help='of the CPU; OMP_NUM_THREADS is not read'
        )
    data = commands.add_parser(
        'data', help='training pipelines, in one process as in a worker', **shown
    )
    data.add_argument('config', help='config whose train_dataloader is measured')
    data.add_argument('--images', type=int, default=30, help='that each pipeline loads')
    data.add_argument('--suffix', default='.png', help='of the image file, such as .jpg')
    data.add_argument('--size', type=int, nargs=2, default=[1024, 2048], help='height, width')
    data.add_argument('--step-ms', type=float, help='tell how many workers feed such a step')
    data.add_argument('--out', help='JSON file')
    mask = commands.add_parser(
        'mask', help='the mask of K teachers, against NumPy and OpenCV', **shown
    )
    mask.add_argument('--teachers', type=int, nargs='+', default=[2, 4, 8], help='K to measure')
    mask.add_argument('--classes', type=int, default=19, help='channels of the logits')
    many = commands.add_parser(
        'many', help='what grows with the number of images: start, memory, index', **shown
    )
    many.add_argument('--images', type=int, nargs='+', default=[10_000, 100_000], help='numbers')
    many.add_argument('--folder', help='for the files; default: that for temporary ones')
    many.add_argument('--out', help='JSON file')
    sizes = (
        (predict, [360, 480], 8),
        (step, [96, 128], 4),
        (published, [96, 128], 4),
        (mask, [512, 512], 8),
    )
    for command, size, batch_size in sizes:
        command.add_argument('--size', type=int, nargs=2, default=size, help='height, width')
        command.add_argument('--batch-size', type=int, default=batch_size, help='images')
        command.add_argument('--repeats', type=int, default=3, help='medians are of so many runs')
        command.add_argument('--out', help='JSON file')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if not sys.platform.startswith('linux'):
        sys.exit('Peak memory is read from /proc, which only Linux has.')
    with plain_errors():
        module = importlib.import_module(f'benchmarks.{args.command}')
        getattr(module, args.command)(args)


if __name__ == '__main__':
    main()
