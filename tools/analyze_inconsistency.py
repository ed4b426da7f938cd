# SPDX-License-Identifier: Apache-2.0
"""Tells from labeled images, before any training, whether an inconsistency mask will help.

Give up to eight checkpoints, best first, and a config whose validation (or other) images none of
them was trained on; or one checkpoint, and several views of the image.
"""

import argparse
from pathlib import Path

from mmengine.config import DictAction

from mmseg_im.errors import UserError, plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.errors.wording import counted
from mmseg_im.files.config_file import merge_options, read_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('config', help='config of the data, and of networks without --configs')
    parser.add_argument('checkpoints', nargs='+', help='best first; with --views, one is enough')
    parser.add_argument('--configs', nargs='+', help='a config for each checkpoint')
    parser.add_argument(
        '--views', nargs='+', default=['identity'], help='each network votes once for each view'
    )
    parser.add_argument(
        '--dataloader', default='val_dataloader', help='labeled images; default: val_dataloader'
    )
    parser.add_argument(
        '--erode', type=int, nargs='+', default=[0, 3], help='kernels to try; default: 0 3'
    )
    parser.add_argument(
        '--dilate', type=int, nargs='+', default=[0, 3, 7], help='kernels to try; default: 0 3 7'
    )
    parser.add_argument('--out', default='inconsistency.svg', help='the plot')
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='key=value pairs that change the config'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_errors():
        cfg = read_config(args.config)
        merge_options(cfg, args.cfg_options)
        if not 2 <= len(args.checkpoints) * len(args.views) <= 8:
            raise UserError(
                f'Given: {counted(len(args.checkpoints), "checkpoint")} and '
                f'{counted(len(args.views), "view")} of each; a vote needs two to eight '
                'voters (--views identity hflip scale0.75 gives one network three votes).'
            )
        configs = args.configs or [cfg.model] * len(args.checkpoints)
        if len(configs) != len(args.checkpoints):
            raise UserError(
                f'--configs names {counted(len(configs), "file")} for '
                f'{counted(len(args.checkpoints), "checkpoint")}.'
            )
        if cfg.get(args.dataloader) is None:
            raise UserError(f'{args.config} has no {args.dataloader}.')
        from mmseg_im.report import analysis_page as report

        divisor = (cfg.model.data_preprocessor.get('test_cfg') or {}).get('size_divisor', 1)
        members = [
            dict(checkpoint=checkpoint, config=config, views=args.views, size_divisor=divisor)
            for checkpoint, config in zip(args.checkpoints, configs, strict=True)
        ]
        kernels = [(e, d) for e in args.erode for d in args.dilate]
        analysis, classes = report.run(cfg, members, args.dataloader, kernels, args.device)
        print(report.text(analysis, classes))
        print(f'Plot: {report.plot(analysis, Path(args.out))}')
        print(report.recommendation(analysis, classes))


if __name__ == '__main__':
    main()
