# SPDX-License-Identifier: Apache-2.0
"""Draws what training sees: all views of each sample side by side, with their labels."""

import argparse
from pathlib import Path

from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from rich.progress import track

from mmseg_im.errors import plain_errors
from mmseg_im.files.atomic import write_png
from mmseg_im.files.config_file import merge_options, read_config
from mmseg_im.labels.spaces import IGNORE_INDEX
from mmseg_im.report.pictures import Tile, check_bands, draw_panel, label_picture, to_rgb

LABELED = 'sup', 'image'  # views that are drawn with their label


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--output-dir', default='work_dirs/browse', help='folder for the pictures')
    parser.add_argument('--num', type=int, default=10, help='number of samples')
    parser.add_argument('--epoch', type=int, default=0, help='epoch whose augmentation is shown')
    parser.add_argument(
        '--bands',
        nargs='+',
        type=int,
        help='bands to draw as red, green and blue, or one, from 0; default: 2 1 0',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='key=value pairs that change the config'
    )
    return parser.parse_args()


def tiles_of(name: str, image, sample, palette, bands) -> list[Tile]:
    """Returns a view as a tile, and for labeled images a tile of the label."""
    picture = label_picture(sample.gt_sem_seg.data, palette)
    tiles = [Tile(f'{name} view', to_rgb(image, tuple(image.shape[1:]), bands))]
    return [*tiles, Tile('label', picture)] if name in LABELED else tiles


@plain_errors()
def main() -> None:
    args = parse_args()
    check_bands(args.bands, 'browse_dataset.py')
    cfg = read_config(args.config)
    merge_options(cfg, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if hasattr(dataset, 'set_epoch'):
        dataset.set_epoch(cfg.get('randomness', {}).get('seed') or 0, args.epoch)
    meta = dataset.metainfo
    folder = Path(args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    count = min(args.num, len(dataset))
    for index in track(range(count), description='drawing'):
        item = dataset[index]
        if not isinstance(item['inputs'], dict):
            item = {key: dict(image=value) for key, value in item.items()}
        row = [
            tile
            for name, image in item['inputs'].items()
            for tile in tiles_of(
                name, image, item['data_samples'][name], meta['palette'], args.bands
            )
        ]
        labels = [
            item['data_samples'][name].gt_sem_seg.data
            for name in LABELED
            if name in item['data_samples']
        ]
        ignored = any(bool((label == IGNORE_INDEX).any()) for label in labels)
        panel = draw_panel([row], meta['classes'], meta['palette'], with_ignored=ignored)
        write_png(folder / f'{index:05d}.png', panel[..., ::-1])
    print(f'{count} pictures are in {folder}')


if __name__ == '__main__':
    main()
