# SPDX-License-Identifier: Apache-2.0
"""Writes a network as .onnx or .pt2, from pictures to labels, and checks the file on images."""

import argparse

from mmengine.registry import init_default_scope

from mmseg_im.errors import UserError, plain_errors  # before mmseg: it makes mmcv-lite enough


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('checkpoint', help='of a training (best.pth), or published')
    parser.add_argument('output', help='file to write: .onnx or .pt2 (torch.export)')
    parser.add_argument('--config', help='of the network; default: the one in the checkpoint')
    parser.add_argument(
        '--images', help='folder for the check; default: the test of the config, else drawn'
    )
    parser.add_argument(
        '--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
        help='of all images; default: free where the network allows it, else that of training',
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    init_default_scope('mmseg')
    with plain_errors():
        from mmseg_im.deploy.formats import check_output
        from mmseg_im.deploy.trained_size import remarks, trained_size
        from mmseg_im.deploy.writing import load, notes_of, pictures, write
        from mmseg_im.models.segmentors.channels import input_channels

        if args.size and min(args.size) < 1:
            raise UserError(f'--size {args.size[0]} {args.size[1]}: sides are 1 or more.')
        check_output(args.output)
        cfg, network, classes = load(args.checkpoint, args.config)
        images, how = pictures(cfg, args.images, input_channels(network))
        size = tuple(args.size) if args.size else None
        said = remarks(cfg, size)
        notes = notes_of(classes, network, said)
        done = write(args.output, network, images, size, trained_size(cfg), notes)
    height, width = done.size
    shape = 'height and width are free' if done.free else f'one size, {height}x{width}'
    print(
        f'{args.output}: {done.bytes / 2**20:.1f} MiB; the batch is free, {shape}. Largest '
        f'difference of a score from PyTorch: {done.found.score:.1e}; other labels: '
        f'{done.found.labels} of {done.found.pixels} pixels of {len(images)} images.'
    )
    if done.reason:
        print(f'No free size: {done.reason}')
    print('\n'.join([how] * bool(how) + said))


if __name__ == '__main__':
    main()
