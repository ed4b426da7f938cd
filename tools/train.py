# SPDX-License-Identifier: Apache-2.0
"""Trains a model; the same options as MMSegmentation's tools/train.py."""

import argparse
import inspect
import os
import os.path as osp
import sys

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmseg_im.engine.processes import join_without_gpu
from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.errors.signals import end_children_with_us
from mmseg_im.files.config_file import merge_options, read_config
from mmseg_im.generations.state import flatten


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
    cfg = read_config(args.config)
    cfg.launcher = args.launcher
    check_has_effect(cfg, args)
    merge_options(cfg, args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', osp.splitext(osp.basename(args.config))[0])
    return cfg


def check_has_effect(cfg: Config, args: argparse.Namespace) -> None:
    """Exits if an option sets a number from which a file computes its settings when it is read."""
    for key in args.cfg_options or ():
        is_number = isinstance(cfg.get(key), int | float) and not isinstance(cfg.get(key), bool)
        if is_number and key not in inspect.signature(Runner.__init__).parameters:
            sys.exit(
                f'--cfg-options {key}: {args.config} computes other settings from this number when '
                'it is read, so an option changes nothing. Change it in the file, or set what '
                f'follows from it, such as {follows(cfg, key)}.'
            )


def follows(cfg: Config, key: str) -> str:
    """Names settings with the value of a number of a config, such as train_cfg.max_epochs."""
    values = flatten(cfg.to_dict())
    same = [name for name, value in values.items() if name != key and value == cfg[key]]
    named = [name for name in same if name.endswith(f'.{key}')]
    return ', '.join((named or same)[:3]) or 'train_cfg.max_epochs'


def main() -> None:
    args = parse_args()
    with plain_errors():
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
