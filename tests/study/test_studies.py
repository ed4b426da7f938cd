# SPDX-License-Identifier: Apache-2.0
"""The studies of the project: every row is a config that trains."""

from pathlib import Path

import pytest
from im_study.run import read_study
from mmcv.transforms import Compose
from mmengine import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

ROOT = Path(__file__).parents[2]
STUDIES = sorted(path.name for path in (ROOT / 'projects' / 'im_study' / 'studies').glob('*.py'))


def rows(name: str):
    """One row of each name, the first: other groups have other images."""
    study = read_study(ROOT / 'projects' / 'im_study' / 'studies' / name)
    return {row.name: row for row in reversed(study.rows)}.values()


@pytest.mark.parametrize('name', STUDIES)
def test_rows_of_a_study(name, monkeypatch):
    """Options name keys that the config has, and what they describe can be built."""
    monkeypatch.chdir(ROOT)
    init_default_scope('mmseg')
    for row in rows(name):
        cfg = Config.fromfile(row.config)
        for key in row.get('options', {}):
            parent = key.rpartition('.')[0]
            assert parent == '' or get(cfg, parent) is not None, f'{row.name}: {key}'
        options = {k: v for k, v in row.get('options', {}).items() if 'teachers' not in k}
        cfg.merge_from_dict(options)
        model = MODELS.build(cfg.model)
        dataset = cfg.train_dataloader.dataset
        for part in ('labeled', 'unlabeled'):
            Compose(dataset[part].pipeline)
        crop = next(t for t in dataset.labeled.pipeline if t['type'] == 'RandomCrop')
        assert tuple(crop['crop_size']) == tuple(cfg.model.data_preprocessor.size)
        if getattr(model, 'semi', None) is not None:
            views = dataset.unlabeled.pipeline[-1]['views']
            assert set(model.semi.views) <= set(views)
        assert cfg.param_scheduler[0].end == cfg.train_cfg.max_epochs


def get(cfg: Config, key: str):
    node = cfg
    for word in key.split('.'):
        node = node[int(word)] if isinstance(node, list) else node.get(word)
        if node is None:
            return None
    return node
