# SPDX-License-Identifier: Apache-2.0
"""Labels that a row adds to those of the row it starts from: a simulation of an annotator."""

import os
from pathlib import Path

import numpy as np
from mmengine import Config
from mmseg.registry import DATASETS

from mmseg_im.datasets.lists import read_names
from mmseg_im.engine.hooks.best_files import BEST
from mmseg_im.errors import UserError
from mmseg_im.generations.state import CONFIG
from mmseg_im.label_next.suggestion import suggest
from mmseg_im.label_next.unlabeled_images import names_of
from mmseg_im.own_data.split_files import write_lists
from mmseg_im.own_data.splitting import draw_splits

LABELED, UNLABELED = 'labeled.txt', 'unlabeled.txt'


def draw_labeled(cfg: Config, count: int, seed: int, folder: Path) -> None:
    """Lets a config begin with a few labeled images, drawn from all of its training images.

    Args:
        cfg (Config): With a labeled and an unlabeled data set; changed in place.
        count (int): How many images.
        seed (int): Of the draw.
        folder (Path): Of the run, where the lists are written.
    """
    labeled = dict(cfg.train_dataloader.dataset.labeled, ann_file='', pipeline=[])
    splits = draw_splits(names_of(DATASETS.build(labeled)), [count], seed=seed)
    write_lists(folder, {LABELED: splits.labeled[0], UNLABELED: splits.unlabeled[0]})
    _set_lists(cfg, folder)


def add_labels(cfg: Config, adds: dict, seed: int, start: Path, folder: Path) -> None:
    """Lets a config begin with the labeled images of another run and as many new ones.

    Args:
        cfg (Config): See :func:`draw_labeled`.
        adds (dict): ``rule``, see :func:`mmseg_im.label_next.choosing.choose`; the network of
            ``start`` is asked. Of the rule ``'random'`` also ``draw``, a number.
        seed (int): Of the run.
        start (Path): A finished run of one network.
        folder (Path): See :func:`draw_labeled`.

    Raises:
        UserError: If there are fewer unlabeled images, or no such rule.
    """
    if not (folder / UNLABELED).is_file():
        before = Config.fromfile(start / CONFIG)
        labeled, pool = (_names(before, part) for part in ('labeled', 'unlabeled'))
        if len(pool) < len(labeled):
            raise UserError(
                f'{start} learned from {len(labeled)} labeled images, and only {len(pool)} others '
                'are left to choose from. Start with fewer.'
            )
        if adds['rule'] == 'random':
            draw = np.random.default_rng([seed, adds['draw']])
            chosen = sorted(draw.choice(pool, len(labeled), replace=False).tolist())
        else:
            found = suggest(before, [str(start / BEST)], len(labeled), rule=adds['rule'])
            chosen = [found.names[i] for i in found.chosen]
        rest = sorted(set(pool) - set(chosen))
        write_lists(folder, {LABELED: [*labeled, *chosen], UNLABELED: rest})
    _set_lists(cfg, folder)


def _names(cfg: Config, part: str) -> list[str]:
    dataset = cfg.train_dataloader.dataset[part]
    return read_names(Path(dataset.get('data_root') or '', dataset.ann_file))


def _set_lists(cfg: Config, folder: Path) -> None:
    data = cfg.train_dataloader.dataset
    data.labeled.ann_file = os.path.abspath(folder / LABELED)
    metainfo = data.labeled.get('metainfo') or {}
    data.labeled.metainfo = dict(metainfo, may_lack_classes=True)  # few images, drawn at random
    data.unlabeled.ann_file = os.path.abspath(folder / UNLABELED)
    if cfg.get('unlabeled_dataloader'):
        cfg.unlabeled_dataloader.dataset.ann_file = data.unlabeled.ann_file
