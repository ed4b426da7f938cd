# SPDX-License-Identifier: Apache-2.0
"""Predicts a folder of images: PNG of class ids (of overlapping classes 0 and 255), pictures."""

import argparse
import os.path as osp
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import DATASETS

from mmseg_im.checkpoints.comparing import tensors_of
from mmseg_im.checkpoints.fitting import PREDICT, check
from mmseg_im.engine.work_dir import make_work_dir
from mmseg_im.errors import UserError, plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.teachers.networks import build_network


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of the network')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument('images', help='folder of images; folders below it are read, too')
    parser.add_argument('--out', default='predicted', help='default: %(default)s')
    parser.add_argument('--show-dir', help='folder for predictions painted over the images')
    parser.add_argument('--suffix', help="of the images; default: that of the config's data")
    return parser.parse_args()


def prediction_config(cfg: Config, args: argparse.Namespace) -> Config:
    """Changes the test of a config into one of a folder of images without annotations.

    Raises:
        UserError: If the folder holds no image with the suffix.
    """
    known = cfg.test_dataloader.dataset
    dataset = DATASETS.build(dict(known, lazy_init=True, pipeline=[]))
    suffix = args.suffix or dataset.img_suffix
    if not any(Path(args.images).rglob(f'*{suffix}')):
        raise UserError(f'{args.images} holds no {suffix} file. Name the folder, or --suffix.')
    overlapping = hasattr(cfg.model, 'label_space') and cfg.model.label_space == 'multilabel'
    cfg.test_dataloader.dataset = dict(
        type='BaseSegDataset',
        metainfo=dict(dataset.metainfo),
        img_suffix=suffix,
        data_prefix=dict(img_path=args.images),
        pipeline=[step for step in known.pipeline if 'Annotations' not in step['type']],
        test_mode=True,
    )
    cfg.test_evaluator = dict(
        type='MultiLabelIoUMetric' if overlapping else 'ClassIoUMetric',
        format_only=True,
        output_dir=args.out,
        img_dir=args.images,
    )
    for name in [key for key in cfg if key.startswith(('train_', 'val_', 'optim_'))]:
        cfg.pop(name)
    for name in ('param_scheduler', 'custom_hooks'):
        cfg.pop(name, None)
    cfg.model.pop('semi', None)
    cfg.load_from, cfg.work_dir, cfg.log_level = args.checkpoint, args.out, 'WARNING'
    if args.show_dir:
        cfg.default_hooks.visualization.update(draw=True, interval=1)
        cfg.visualizer.save_dir = args.show_dir
    return cfg


def check_checkpoint(cfg: Config, path: str) -> None:
    """Raises a UserError if the weights do not fit, before a Runner makes folders and writes."""
    content = CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')
    check(tensors_of(content), build_network(cfg.model, 'model'), path, PREDICT)


def main() -> None:
    args = parse_args()
    for path in (args.config, args.checkpoint, args.images):
        if not osp.exists(path):
            sys.exit(f'{path} does not exist.')
    cfg = Config.fromfile(args.config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    with plain_errors():
        cfg = prediction_config(cfg, args)
        check_checkpoint(cfg, args.checkpoint)
        make_work_dir(args.out)
        Runner.from_cfg(cfg).test()
    print(
        f'Predictions are in {args.out}'
        + (f', pictures in {args.show_dir}.' if args.show_dir else '.')
    )


if __name__ == '__main__':
    main()
