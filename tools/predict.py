# SPDX-License-Identifier: Apache-2.0
"""Predicts a folder of images: PNG of class ids (of overlapping classes 0 and 255), pictures."""

import argparse
import os.path as osp
import sys
import tempfile
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import DATASETS

from mmseg_im.checkpoints.comparing import tensors_of
from mmseg_im.checkpoints.fitting import PREDICT, check
from mmseg_im.engine.work_dir import make_work_dir
from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.errors.wording import counted
from mmseg_im.files.atomic import write_aside
from mmseg_im.labels.spaces import space_name
from mmseg_im.own_data.gathered import gather
from mmseg_im.own_data.label_files.labelme_writing import predictions_as_labelme
from mmseg_im.teachers.networks import build_network


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of the network')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument('images', help='folder of images of any format, in any depth')
    parser.add_argument('--out', default='predicted', help='default: %(default)s')
    parser.add_argument('--show-dir', help='folder for predictions painted over the images')
    parser.add_argument(
        '--labelme', action='store_true', help='also OUT/labelme: polygons, to correct in LabelMe'
    )
    return parser.parse_args()


def prediction_config(cfg: Config, args: argparse.Namespace, aside: Path) -> Config:
    """Changes the test of a config into one of the images that lie aside.

    Args:
        cfg (Config): Of the network.
        args (argparse.Namespace): See :func:`parse_args`.
        aside (Path): Holds ``images`` and their list ``images.txt``; logs go there, too.
    """
    cfg.test_dataloader = cfg.get('test_dataloader') or cfg.val_dataloader  # some have no test
    cfg.test_cfg = cfg.get('test_cfg') or dict(type='TestLoop')
    known = cfg.test_dataloader.dataset
    dataset = DATASETS.build(dict(known, lazy_init=True, pipeline=[]))
    overlapping = space_name(cfg.model) == 'multilabel'
    cfg.test_dataloader.dataset = dict(
        type='BaseSegDataset',
        metainfo=dict(dataset.metainfo),
        img_suffix='',
        ann_file=str(aside / 'images.txt'),
        data_prefix=dict(img_path=str(aside / 'images')),
        pipeline=[step for step in known.pipeline if 'Annotations' not in step['type']],
        test_mode=True,
    )
    cfg.test_evaluator = dict(
        type='MultiLabelIoUMetric' if overlapping else 'ClassIoUMetric',
        format_only=True,
        output_dir=args.out,
        img_dir=str(aside / 'images'),
    )
    for name in [key for key in cfg if key.startswith(('train_', 'val_', 'optim_'))]:
        cfg.pop(name)
    for name in ('param_scheduler', 'custom_hooks'):
        cfg.pop(name, None)
    cfg.model.pop('semi', None)
    cfg.load_from, cfg.work_dir = args.checkpoint, str(aside / 'logs')
    cfg.log_level = 'WARNING'
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
    with plain_errors(), tempfile.TemporaryDirectory(prefix='predict-') as folder:
        aside = Path(folder)
        files, left_out = gather(args.images, aside / 'images')
        write_aside(aside / 'images.txt', ''.join(f'{file}\n' for file in files).encode())
        cfg = prediction_config(cfg, args, aside)
        check_checkpoint(cfg, args.checkpoint)
        make_work_dir(args.out)
        Runner.from_cfg(cfg).test()
        if args.labelme:
            classes = cfg.test_dataloader.dataset.metainfo['classes']
            predictions_as_labelme(args.out, args.images, files, classes)
    print(
        f'Predicted: {counted(len(files), "image")}, in {args.out}'
        + (f', pictures in {args.show_dir}.' if args.show_dir else '.')
    )
    if left_out:
        sys.exit('\n'.join(['error: Left out:', *left_out]))


if __name__ == '__main__':
    main()
