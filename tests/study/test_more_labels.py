# SPDX-License-Identifier: Apache-2.0
"""The simulation of an annotator: a tiny one of shapes, and table and plot of made-up results."""

import matplotlib
import numpy as np
import pytest
from im_study import more_labels as module
from im_study.page import write_page
from im_study.results import RESULT, folder_of
from im_study.rules import rule_figure, rule_plot, rule_table
from im_study.run import read_study, run_study
from mmengine import Config

from mmseg_im.errors import UserError
from mmseg_im.files.atomic import read_json
from mmseg_im.report.svg import STYLE
from tests.study.test_study_page import cells, finish

RULES = {
    'inconsistency': dict(rule='inconsistency'),
    'confidence': dict(rule='confidence'),
    'random 1': dict(rule='random', draw=1),
    'random 2': dict(rule='random', draw=2),
}


def make_study(path, config='x.py', groups=(None,), **start) -> Config:
    rows = []
    for group in groups:
        place = dict(group=group) if group else {}
        rows.append(dict(name='start', config=config, **place, **start))
        rows += [
            dict(name=name, config=config, start='start', adds=adds, **place)
            for name, adds in RULES.items()
        ]
    path.write_text(f"title = 'Demo'\nmetric = 'mIoU'\nseeds = [3]\nrows = {rows!r}\n")
    return read_study(path) if config != 'x.py' else Config.fromfile(path)


@pytest.fixture
def study(demo_cfg, tmp_path) -> Config:
    """Starts with two of twelve images, drawn."""
    demo_cfg.test_dataloader = demo_cfg.val_dataloader
    demo_cfg.test_evaluator = demo_cfg.val_evaluator
    demo_cfg.test_cfg = dict(type='TestLoop')
    demo_cfg.model.pop('semi')
    demo_cfg.val_cfg = dict(type='ValLoop')
    demo_cfg.train_cfg.max_epochs = demo_cfg.param_scheduler[0].end = 1
    demo_cfg.dump(str(tmp_path / 'demo.py'))
    return make_study(tmp_path / 'study.py', str(tmp_path / 'demo.py'), labeled=2)


def test_rows_add_labels(study, tmp_path, monkeypatch):
    run_study(study, tmp_path / 'runs', [3], None)
    lists = {}
    for name in ['start', *RULES]:
        folder = folder_of(tmp_path / 'runs', name, 3)
        assert 0 <= read_json(folder / RESULT)['best']['mIoU'] <= 100
        lists[name] = [(folder / f'{part}labeled.txt').read_text().split() for part in ('', 'un')]
        cfg = Config.fromfile(folder / 'config.py')
        assert cfg.train_dataloader.dataset.labeled.ann_file == str(folder / 'labeled.txt')
        assert cfg.load_from is None  # it begins with the pretrained network
    labeled, pool = lists.pop('start')
    assert (len(labeled), len(pool)) == (2, 10)
    for more, rest in lists.values():
        assert more[:2] == labeled and len(more) == 4 and set(more[2:]) < set(pool)
        assert sorted([*more, *rest]) == sorted([*labeled, *pool])
    assert lists['random 1'] != lists['random 2']

    monkeypatch.setattr(module, 'suggest', None)  # a second choice would fail
    (folder / RESULT).unlink()
    run_study(study, tmp_path / 'runs', [3], None)
    study.rows[1].adds = dict(rule='confidence')
    with pytest.raises(UserError, match='another config'):
        run_study(study, tmp_path / 'runs', [3], ['inconsistency'])


def test_more_than_there_are(study, tmp_path):
    study.rows[0].labeled = 7
    with pytest.raises(UserError, match='7 labeled images, and only 5 others'):
        run_study(study, tmp_path / 'runs', [3], ['start', 'random 1'])


def test_labels_are_added_to_a_row(study, tmp_path):
    text = (tmp_path / 'study.py').read_text().replace("'start': 'start', ", '', 1)
    (tmp_path / 'study.py').write_text(text)
    with pytest.raises(UserError, match="'inconsistency' adds labels to none"):
        read_study(tmp_path / 'study.py')


@pytest.fixture
def finished(tmp_path) -> Config:
    """Two seeds; of the second group only the start."""
    study = make_study(tmp_path / 'study.py', groups=['A', 'B'])
    values = {
        'start': [30.0, 32.0],
        'inconsistency': [40.0, 43.0],
        'confidence': [35.0],
        'random 1': [36.0, 37.0],
        'random 2': [38.0, 41.0],
    }
    for name, found in values.items():
        finish(tmp_path, name, 'A', found)
    finish(tmp_path, 'start', 'B', [10.0])
    return study


def test_draws_count_once_a_seed(finished, tmp_path):
    """Means of the draws: 37 and 39; so the gains are 3 and 4, and -2."""
    head, _, *lines = cells(rule_table(finished, tmp_path, [0, 1]))
    assert head == ['', 'A', 'B']
    assert lines == [
        ['start', '31.00 ± 1.41', '10.00 (1 of 2)'],
        ['inconsistency', '41.50 ± 2.12', ''],
        ['*difference, points*', '+3.50 ± 0.71', ''],
        ['confidence', '35.00 (1 of 2)', ''],
        ['*difference, points*', '-2.00', ''],
        ['random', '38.00 ± 1.41', ''],
    ]


def test_a_dot_is_a_run_and_a_bar_the_mean(finished, tmp_path):
    with matplotlib.rc_context(STYLE):
        (first,) = rule_figure(finished, tmp_path, [0, 1]).axes  # the other has no run of a rule
    assert [t.get_text() for t in first.get_yticklabels()] == [
        'inconsistency', 'confidence', 'random'
    ]  # fmt: skip
    dots, bar = first.lines[:2]
    assert list(dots.get_xdata()) == [40.0, 43.0] and list(bar.get_xdata()) == [41.5, 41.5]
    assert sorted(first.lines[4].get_xdata()) == [36.0, 37.0, 38.0, 41.0]
    assert np.ravel(first.lines[-1].get_xdata()).tolist() == [31.0, 31.0]
    assert rule_plot(finished, tmp_path, [0, 1]).startswith('<?xml')
    assert rule_plot(finished, tmp_path / 'nothing', [0, 1]) is None


def test_the_page_is_about_the_rules(finished, tmp_path):
    finished.seeds = [0, 1]
    finished.rows = [dict(row, config=str(tmp_path / 'study.py')) for row in finished.rows]
    finished.dump(str(tmp_path / 'rules.py'))
    tmp_path.joinpath('runs').mkdir()
    for part in ('a', 'b'):
        (tmp_path / part).rename(tmp_path / 'runs' / part)
    (tmp_path / 'runs').rename(tmp_path / 'rules')
    write_page([tmp_path / 'rules.py'], tmp_path, tmp_path / 'page.md')
    page = (tmp_path / 'page.md').read_text()
    assert '| inconsistency | 41.50 ± 2.12 |  |' in page
    assert '(images/study_rules.svg)' in page and (tmp_path / 'images/study_rules.svg').is_file()
