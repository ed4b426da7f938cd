# SPDX-License-Identifier: Apache-2.0
"""Trains a model; the same options as MMSegmentation's tools/train.py."""

import argparse
import os
import os.path as osp
import sys

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS

from mmseg_im.engine.processes import join_without_gpu
from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.errors.signals import end_children_with_us


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a segmentor')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go; default: work_dirs/NAME')
    parser.add_argument(
        '--resume', action='store_true', help='go on from the latest checkpoint of the work_dir'
    )
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision (GPU)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='key=value pairs that change the config'
    )
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='launcher'
    )
    # torchrun passes --local-rank or --local_rank
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


def load_config(args: argparse.Namespace) -> Config:
    """Returns the config with the options of the command line applied."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if not osp.isfile(args.config):
        sys.exit(f'{args.config} does not exist; configs/ holds those of this project.')
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', osp.splitext(osp.basename(args.config))[0])
    return cfg


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    cfg.resume = args.resume or cfg.get('resume', False)
    cfg.setdefault('runner_type', 'ResumableRunner')
    end_children_with_us()
    with plain_errors(how_to_go_on(cfg)):
        join_without_gpu(cfg)
        RUNNERS.build(cfg).train()


def how_to_go_on(cfg: Config) -> str:
    """Returns the message for a training that is stopped, which says how to resume it."""
    options = f'--work-dir {cfg.work_dir} and --resume'
    if cfg.get('load_from') and 'generations' not in cfg:  # with it, mmengine resumes from there
        options = f'--work-dir {cfg.work_dir}, --resume and --cfg-options load_from=None'
    return f'Stopped. Go on with the same command, {options}.'


if __name__ == '__main__':
    main()
