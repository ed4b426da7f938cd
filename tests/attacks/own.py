# SPDX-License-Identifier: Apache-2.0
"""A miniature of a user's own images, and a config of it in a file."""

import shutil
from pathlib import Path

from mmengine import Config
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from mmseg_im.datasets import SemiDataset
from mmseg_im.datasets.checks import build_evaluation, check_evaluation
from tests.conftest import ROOT, retarget, shrink

ROOT_OF_DATA = '/the/data'
FILES = {
    'labeled image': 'images/1.jpg',
    'label': 'annotations/1.png',
    'unlabeled image': 'images/5.jpg',
    'validation image': 'images/2.jpg',
    'validation label': 'annotations/2.png',
    'test image': 'images/8.jpg',
    'test label': 'annotations/8.png',
}
LISTS = {
    'labeled': 'labeled.txt', 'unlabeled': 'unlabeled.txt', 'validation': 'val.txt',
    'test': 'test.txt',
}  # fmt: skip


def template() -> str:
    """Text of a config of one epoch of two steps, on data in ``ROOT_OF_DATA``."""
    cfg = Config.fromfile(ROOT / 'configs/demo/fixmatch-im_unet-small_own-images.py')
    shrink(cfg)
    retarget(cfg, dict(data_root=ROOT_OF_DATA))
    test = dict(cfg.val_dataloader.dataset, ann_file='test.txt')
    cfg.test_dataloader = dict(cfg.val_dataloader, dataset=test)
    cfg.merge_from_dict({
        'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1, 'param_scheduler.0.end': 1,
        'work_dir': f'{ROOT_OF_DATA}/work',
    })  # fmt: skip
    return cfg.pretty_text


class Own:
    """Images 0 to 8, of which 0 and 1 are labeled, 2 is for validation, 8 for the test."""

    def __init__(self, source: str, root: Path, config: str):
        self.root = root
        shutil.copytree(source, root)
        for folder, suffix in (('images', 'jpg'), ('annotations', 'png')):
            shutil.copy(root / folder / f'2.{suffix}', root / folder / f'8.{suffix}')
        (root / 'test.txt').write_text('8\n')
        self._cfg = None
        self.config = root / 'config.py'
        self.config.write_text(config.replace(ROOT_OF_DATA, str(root)))

    def file(self, role: str) -> Path:
        """The file to break."""
        return self.root / FILES[role]

    def build(self, role: str) -> SemiDataset | BaseDataset:
        """Builds the data set of a file, with what a run checks before it begins."""
        if self._cfg is None:
            self._cfg = Config.fromfile(self.config)
        cfg = self._cfg.copy()
        key = f'{"val" if role.startswith("validation") else "test"}_dataloader'
        if not role.startswith(('validation', 'test')):
            return DATASETS.build(cfg.train_dataloader.dataset)
        dataset = build_evaluation(cfg[key].dataset, f'{key}.dataset')
        check_evaluation(dataset, f'{key}.dataset')
        return dataset

    def add(self, place: str, transform: dict, workers: int = 0) -> None:
        """Puts a transform of ``breaking.py`` at the beginning of a pipeline.

        Args:
            place (str): ``labeled``, ``unlabeled``, ``validation`` or ``test``.
            transform (dict): Its config.
            workers (int): Processes that load the data.
        """
        loader, keys = {
            'labeled': ('train_dataloader', "['labeled']"),
            'unlabeled': ('train_dataloader', "['unlabeled']"),
            'validation': ('val_dataloader', ''),
            'test': ('test_dataloader', ''),
        }[place]
        self.config.write_text(
            f"{self.config.read_text()}\ncustom_imports['imports'].append('tests.attacks.breaking')\n"
            f"{loader}['dataset']{keys}['pipeline'].insert(0, {transform!r})\n"
            f"{loader}['num_workers'] = {workers}\n"
            f"{loader}['drop_last'] = False\n"  # every sample is loaded
        )
