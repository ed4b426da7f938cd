# SPDX-License-Identifier: Apache-2.0
"""Results of a study as lines of one file, from results that are made up."""

import json
import re
from pathlib import Path

import pytest
from im_study.results import collect, read_collected, read_results
from im_study.run import read_study
from im_study.tables import study_table

from mmseg_im.errors import UserError
from tests.study.test_study_page import finish, make_study

ROOT = Path(__file__).parents[2]


def test_tables_of_a_file_are_those_of_the_runs(tmp_path):
    study = make_study(['A', 'A + IM'], ['1/8', '1/4'])
    finish(tmp_path / 'runs', 'A', '1/8', [40.0, None], {'im/masked': [0.2, None, 0.1]})
    finish(tmp_path / 'runs', 'A + IM', '1/4', [60.0], networks=2)
    assert collect(study, tmp_path / 'runs', [0, 1, 2], tmp_path / 'kept.jsonl') == 3
    lines = [json.loads(line) for line in (tmp_path / 'kept.jsonl').read_text().splitlines()]
    assert [(line['row'], line['group'], line['seed']) for line in lines] == [
        ('A + IM', '1/4', 0), ('A', '1/8', 0), ('A', '1/8', 1),
    ]  # fmt: skip
    assert lines[1]['best'] == {'mIoU': 40.0} and lines[2]['best'] == {'mIoU': None}
    for place in ('kept.jsonl', 'kept'):  # the file, or the folder beside which it lies
        for make in (read_results, study_table):
            of_file, of_runs = (make(study, tmp_path / p, [0, 1]) for p in (place, 'runs'))
            assert of_file == of_runs


def test_what_is_collected_stays(tmp_path):
    """Runs that have been deleted, and rows of a study that shares the file."""
    file = tmp_path / 'kept.jsonl'
    finish(tmp_path / 'first', 'A', None, [40.0, 41.0])
    collect(make_study(['A'], [None]), tmp_path / 'first', [0, 1], file)
    finish(tmp_path / 'second', 'A', None, [50.0])
    finish(tmp_path / 'second', 'B', None, [10.0])
    assert collect(make_study(['B', 'A'], [None]), tmp_path / 'second', [0, 1], file) == 3
    assert {key: result['best']['mIoU'] for key, result in read_collected(file).items()} == {
        (None, 'A', 0): 50.0,
        (None, 'A', 1): 41.0,
        (None, 'B', 0): 10.0,
    }


def test_a_run_is_newer_than_its_line(tmp_path):
    study = make_study(['A'], [None])
    finish(tmp_path / 'old', 'A', None, [40.0, 41.0])
    collect(study, tmp_path / 'old', [0, 1], tmp_path / 'runs.jsonl')
    finish(tmp_path / 'runs', 'A', None, [50.0])
    runs = read_results(study, tmp_path / 'runs', [0, 1])[None, 'A']
    assert {seed: result['best']['mIoU'] for seed, result in runs.items()} == {0: 50.0, 1: 41.0}


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda line: line[: len(line) // 2], 'is damaged'),
        (lambda line: '', 'is damaged'),
        (lambda line: '[' * 100_000, 'is damaged'),
        (lambda line: '[]', r'is damaged ([] stands where an object belongs)'),
        (lambda line: line.replace('"seed": 1', '"seed": "1"'), "seed: '1' stands where"),
        (lambda line: line.replace('"seed": 1', '"seed": 0'), 'repeats row, group and seed'),
        (lambda line: line.replace('41.0', 'NaN'), 'best.mIoU: nan stands where'),
        (lambda line: line.replace('"mIoU"', '"mAcc"'), 'has no best.mIoU'),
        (lambda line: line.replace('"networks": 1', '"networks": 0'), 'networks: 0'),
    ],
)
def test_a_damaged_line_is_named(tmp_path, change, message):
    study, file = make_study(['A'], [None]), tmp_path / 'kept.jsonl'
    finish(tmp_path / 'runs', 'A', None, [40.0, 41.0])
    collect(study, tmp_path / 'runs', [0, 1], file)
    first, second = file.read_text().splitlines()
    file.write_text(f'{first}\n{change(second)}\n')
    with pytest.raises(UserError, match=re.escape(message)) as error:
        study_table(study, file, [0, 1])
    assert f'{file}, line 2, ' in str(error.value) and 'delete the line' in str(error.value)


def test_the_kept_results_are_those_of_rows_of_the_studies():
    """No line of the project has lost its row; every finished study is whole."""
    results = ROOT / 'projects/im_study/results'
    rows = {
        'camvid': ('camvid', 'camvid_variants'),
        'camvid_480x360': ('camvid_480x360',),
        'camvid_lite0': ('camvid_lite0',),
        'demo': ('demo',),
        'label_next': ('label_next',),
        'wbc': ('wbc',),
        'wbc_lite0': ('wbc_lite0',),
    }
    unfinished = {'camvid_480x360', 'camvid_lite0', 'label_next', 'wbc_lite0'}
    assert sorted(path.stem for path in results.iterdir()) == sorted(rows)
    for name, studies in rows.items():
        keys = set()
        for study in studies:
            cfg = read_study(ROOT / f'projects/im_study/studies/{study}.py')
            keys |= {(r.get('group'), r.name, seed) for r in cfg.rows for seed in cfg.seeds}
        kept = set(read_collected(results / f'{name}.jsonl', 'mIoU'))
        assert kept and kept <= keys
        assert (kept == keys) == (name not in unfinished)
