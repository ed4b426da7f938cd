# SPDX-License-Identifier: Apache-2.0
"""Counts the classes of the labeled training images and prints class weights to paste.

Multi-class: (median frequency / frequency) to a power, where a class's frequency is its share of
the pixels of those images in which it occurs. Binary and multi-label: the weight of a pixel on
which a class is present is (absent / present pixels) to a power.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from prettytable import PrettyTable
from rich.progress import track

from mmseg_im.datasets.annotation_steps import loads_annotations
from mmseg_im.datasets.checks import build_checked
from mmseg_im.errors import UserError, plain_errors
from mmseg_im.errors.wording import counted
from mmseg_im.files.config_file import merge_options, read_config
from mmseg_im.generations.configs import nodes
from mmseg_im.labels.spaces import IGNORE_INDEX, space_name
from mmseg_im.own_data.class_weights import (
    POWER,
    loss_text,
    median_frequency_weights,
    presence_weights,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--power', type=float, default=1.0, help='0.5 is a gentler choice; default: 1'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='key=value pairs that change the config'
    )
    return parser.parse_args()


def labeled_pixels(cfg: Config) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Returns class names, and (images, C) counts of the pixels of each class and of known ones."""
    datasets = list(nodes(cfg.train_dataloader.dataset))
    splits = [node['split'] for node in datasets if node.get('split')]  # of SemiDataset
    labeled = [node for node in datasets if 'seg_map_path' in (node.get('data_prefix') or {})]
    if not labeled:
        raise UserError('train_dataloader.dataset has no data set with data_prefix.seg_map_path.')
    loaders = [step for step in nodes(labeled[0].get('pipeline')) if loads_annotations(step)]
    if not loaders:
        raise UserError(
            'train_dataloader.dataset: no step of the pipeline of the labeled images is known to '
            'load annotations: derive it from LoadAnnotations.'
        )
    dataset = dict(labeled[0])
    if splits:
        dataset['ann_file'] = str(Path(splits[0], 'labeled.txt'))
    dataset = build_checked(dataset, 'train_dataloader.dataset', labeled=True)
    load = Compose(loaders)  # and no image
    classes = dataset.metainfo['classes']
    pixels, known = np.zeros((2, len(dataset), len(classes)))
    for i in track(range(len(dataset)), 'Counting'):
        label = load(dataset.get_data_info(i))['gt_seg_map']
        if label.ndim == 3:
            pixels[i] = (label == 1).sum(axis=(0, 1))
            known[i] = (label != IGNORE_INDEX).sum(axis=(0, 1))
        else:
            pixels[i] = np.bincount(label.ravel(), minlength=IGNORE_INDEX + 1)[: len(classes)]
            known[i] = (label != IGNORE_INDEX).sum()
    return list(classes), pixels, known


def main() -> None:
    args = parse_args()
    with plain_errors():
        cfg = read_config(args.config)
        merge_options(cfg, args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        classes, pixels, known = labeled_pixels(cfg)
    kind = space_name(cfg.model)
    if kind == 'multiclass':
        weights = median_frequency_weights(pixels, args.power)
    else:
        first = 1 if kind == 'binary' else 0  # the one channel is the foreground
        classes, pixels, known = classes[first:], pixels[:, first:], known[:, first:]
        weights = presence_weights(pixels.sum(axis=0), known.sum(axis=0), args.power)
    table = PrettyTable(['class', 'images', 'pixels', 'weight'])
    table.align['class'] = 'l'
    share = pixels.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    for name, images, part, weight in zip(
        classes, (pixels > 0).sum(axis=0), share, weights, strict=True
    ):
        table.add_row([name, images, f'{part:.2%}', f'{weight:.2f}'])
    print(f'{counted(len(pixels), "labeled image")}\n{table}')
    if args.power != POWER:
        print(f'Closer to 1 with --power {POWER}, as init_project.py takes them.')
    numbers = ', '.join(f'{weight:.2f}' for weight in weights)
    if re.search('^class_weight = ', Path(args.config).read_text(encoding='utf-8'), re.M):
        print(f'In place of this line of {args.config}:\nclass_weight = [{numbers}]')
        return
    print(
        f'To paste in {args.config} into model = dict(decode_head=dict(...)), the one loss there:'
    )
    print(loss_text(kind, f'[{numbers}]'))


if __name__ == '__main__':
    main()
