# SPDX-License-Identifier: Apache-2.0
"""Tests a checkpoint; the same options as MMSegmentation's tools/test.py."""

import argparse
import os
import os.path as osp
import sys

from mmengine.config import DictAction
from mmengine.runner import Runner

from mmseg_im.datasets.annotation_steps import loads_annotations
from mmseg_im.datasets.checked_files import remembering
from mmseg_im.engine.processes import join_without_gpu
from mmseg_im.engine.work_dir import make_work_dir
from mmseg_im.errors import plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.files.config_file import merge_options, read_config
from mmseg_im.generations.configs import nodes


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Test a segmentor')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', nargs='?', help='checkpoint file; an EnsembleSegmentor names its own'
    )
    parser.add_argument('--work-dir', help='where the metrics go; default: work_dirs/NAME/test')
    parser.add_argument('--out', help='folder for the predictions as PNG files')
    parser.add_argument('--show', action='store_true', help='show the predictions in a window')
    parser.add_argument('--show-dir', help='folder for predictions painted over the images')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds that --show waits')
    parser.add_argument(
        '--tta', action='store_true', help="the config's tta_pipeline; without one, flips"
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='key=value pairs that change the config'
    )
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='launcher'
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


def flipped(pipeline: list[dict]) -> list[dict]:
    """Returns a pipeline of test-time augmentation: the image and its mirror image.

    mmseg flips the predictions back, and never the annotations: these are loaded afterwards.
    """
    load, *rest = pipeline
    loads = [any(map(loads_annotations, nodes(step))) for step in rest]
    at = loads.index(True) if any(loads) else len(rest) - 1
    flips = [dict(type='RandomFlip', prob=p, direction='horizontal') for p in (0.0, 1.0)]
    steps = [[step] for step in rest]
    return [load, dict(type='TestTimeAug', transforms=[*steps[:at], flips, *steps[at:]])]


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    with plain_errors():
        cfg = read_config(args.config)
        merge_options(cfg, args.cfg_options)
    if args.checkpoint and not osp.isfile(args.checkpoint) and '://' not in args.checkpoint:
        sys.exit(f'{args.checkpoint} does not exist.')
    if args.checkpoint is None and cfg.model.type != 'EnsembleSegmentor':
        sys.exit(f'{args.config} describes a single network: name its checkpoint.')
    cfg.launcher = args.launcher
    if cfg.get('test_dataloader') is None:
        sys.exit(
            f'{args.config} has no test images: test_dataloader is None. Name some there, with '
            'test_cfg and test_evaluator, as of val_dataloader.'
        )
    name = osp.splitext(osp.basename(args.config))[0]
    # beside the training, whose record of its config stays
    cfg.work_dir = args.work_dir or osp.join(cfg.get('work_dir') or f'work_dirs/{name}', 'test')
    cfg.load_from = args.checkpoint
    # Only the student is tested, and it needs neither the method nor the teachers' checkpoints.
    cfg.model.pop('semi', None)
    if args.show or args.show_dir:
        hook = cfg.default_hooks.visualization
        # interval=1: mmseg draws every 50th batch otherwise
        hook.update(draw=True, interval=1, show=args.show, wait_time=args.wait_time)
    dataset = cfg.test_dataloader.dataset
    prefix = (dataset.get('data_prefix') or {}).get('img_path') or ''
    folder = osp.join(dataset.get('data_root') or '', prefix)
    if args.show_dir:
        backend = dict(type='PictureVisBackend', save_dir=args.show_dir)
        cfg.visualizer = dict(
            type='LabelSpaceVisualizer', vis_backends=[backend], img_dir=folder, name='shown'
        )
    dataset_named = dataset.copy()
    if args.tta:
        dataset.pipeline = cfg.get('tta_pipeline') or flipped(dataset.pipeline)
        cfg.model = dict(cfg.get('tta_model') or dict(type='LabelSpaceTTAModel'), module=cfg.model)
    if args.out is not None:
        evaluators = cfg.test_evaluator
        evaluators = evaluators if isinstance(evaluators, list) else [evaluators]
        for evaluator in evaluators:
            if evaluator['type'] == 'IoUMetric':  # ours writes names below folders, too
                evaluator['type'] = 'ClassIoUMetric'
        writers = [e for e in evaluators if e['type'] in ('ClassIoUMetric', 'MultiLabelIoUMetric')]
        if not writers:
            sys.exit('--out needs an IoUMetric, ClassIoUMetric or MultiLabelIoUMetric.')
        writers[0].update(output_dir=args.out, keep_results=True, img_dir=folder)
    with plain_errors():
        join_without_gpu(cfg)
        make_work_dir(cfg.work_dir)
        with remembering(cfg.work_dir, cfg.get('check_files', True)):
            Runner.from_cfg(cfg).test()
    if cfg.get('val_dataloader') and cfg.val_dataloader.dataset == dataset_named:
        print(
            'These are the images of the validation, which chose the checkpoint: expect less on '
            'others. Images for a test are named in test_dataloader.'
        )
    if args.out is not None:
        print(f'Predictions are in {args.out}: class ids, or 0 and 255 of classes that overlap.')
    if args.show_dir:
        print(f'Pictures (left the annotation, right the prediction) are in {args.show_dir}.')


if __name__ == '__main__':
    main()
