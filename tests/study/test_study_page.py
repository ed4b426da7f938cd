# SPDX-License-Identifier: Apache-2.0
"""Tables by group and the page of studies, from results that are made up."""

import re
import runpy
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from im_study.page import write_page
from im_study.results import RESULT, folder_of
from im_study.rules import rule_table
from im_study.tables import compact_table, course, paired, study_table
from mmengine import Config

from mmseg_im.files.atomic import write_json

ROOT = Path(__file__).parents[2]


def finish(folder, name, group=None, values=(), mask=None, networks=1, first_seed=0):
    """Writes results as ``run_cell`` does, one for each value."""
    for seed, value in enumerate(values, first_seed):
        write_json(
            folder_of(folder, name, seed, group) / RESULT,
            dict(best=dict(mIoU=value), last=dict(mIoU=value), mask=mask or {}, networks=networks,
                 seconds=60.0, config={}),
        )  # fmt: skip


def make_study(names, groups) -> Config:
    rows = [dict(name=name, **(dict(group=g) if g else {})) for g in groups for name in names]
    return Config(dict(title='Demo', metric='mIoU', seeds=[0, 1, 2], rows=rows))


def cells(table: str) -> list[list[str]]:
    return [re.split(r' \| ', line[2:-2]) for line in table.splitlines() if line.startswith('|')]


def test_each_group_has_its_table(tmp_path):
    study = make_study(['A', 'B'], ['multi-label', 'binary'])
    finish(tmp_path, 'A', 'multi-label', [40.0], {'im/masked': [0.2, 0.1]})
    finish(tmp_path, 'A', 'binary', [60.0, 62.0], networks=2)
    first, multi, second, binary = study_table(study, tmp_path, [0, 1]).split('\n\n')
    assert (first, second) == ('### multi-label', '### binary')
    header, _, a = cells(multi)
    assert header == ['', 'seed 0', 'mean ± std', 'last checkpoint', 'masked', 'minutes']
    assert a == ['A', '40.00', '40.00', '40.00', '20.0% → 10.0%', '1.0']  # of one seed no deviation
    header, _, a = cells(binary)
    assert header == [
        '',
        'seed 0',
        'seed 1',
        'mean ± std',
        'last checkpoint',
        'networks',
        'minutes',
    ]
    assert a == ['A', '60.00', '62.00', '61.00 ± 1.41', '61.00 ± 1.41', '2', '1.0']


@pytest.mark.parametrize('make', [study_table, compact_table, rule_table])
def test_without_any_result(make, tmp_path):
    assert make(make_study(['A'], [None, '1/8']), tmp_path, [0]) == 'No run is finished.'


def test_without_groups_the_columns_are_those_of_the_methods_page(tmp_path):
    study = make_study(['supervised', 'U2PL', 'U2PL + IM'], [None])
    finish(tmp_path, 'supervised', None, [37.21, 35.64])
    keys = ('im/masked', 'im/used', 'im/accuracy_outside')
    finish(tmp_path, 'U2PL', None, [26.0, 25.0], {k: [float(k[3] != 'm')] * 5 for k in keys})
    keys += ('im/accuracy_inside',)
    finish(tmp_path, 'U2PL + IM', None, [34.0, 33.0], {key: [0.1, 0.2] for key in keys})
    header = cells(study_table(study, tmp_path, [0, 1]))[0]
    page = (ROOT / 'docs/methods.md').read_text(encoding='utf-8')
    assert '| ' + ' | '.join(header) + ' |' in page.splitlines()


def test_differences_are_paired_by_seed(tmp_path):
    study = make_study(['F', 'F + IM'], ['1/8', '1/4', '1/2'])
    finish(tmp_path, 'F', '1/8', [30.0, 32.0, 37.0])
    finish(tmp_path, 'F + IM', '1/8', [31.0, 35.0, 39.0])
    finish(tmp_path, 'F', '1/4', [None, 40.0, 41.0])
    finish(tmp_path, 'F + IM', '1/4', [50.0, 39.5])
    head, _, plain, masked, gain = cells(compact_table(study, tmp_path, [0, 1, 2]))
    assert head == ['', '1/8', '1/4']
    # 1, 3, 2: mean 2, deviation 1; the groups' own deviations are 3.61 and 4.00
    assert plain == ['F', '33.00 ± 3.61', '40.50 ± 0.71 (2 of 3)']
    assert masked == ['F + IM', '35.00 ± 4.00', '44.75 ± 7.42 (2 of 3)']
    assert gain == ['*difference, points*', '+2.00 ± 1.00', '-0.50 (1 of 3)']  # seed 1


def test_nan_is_shown_and_not_averaged(tmp_path):
    study = make_study(['A', 'B'], [None])
    finish(tmp_path, 'A', None, [None, 40.0, 42.0])
    finish(tmp_path, 'B', None, [None])
    _, _, a, b = cells(study_table(study, tmp_path, [0, 1, 2]))
    assert a[1:5] == ['nan', '40.00', '42.00', '41.00 ± 1.41']
    assert b[1:5] == ['nan', '', '', 'nan']
    assert cells(compact_table(study, tmp_path, [0, 1, 2]))[0] == ['', 'mIoU']
    assert paired({0: None, 1: 1.0, 2: 2.0}, {0: 1.0, 1: None, 3: 5.0}) == []


def test_generations_that_label_once_have_one_value():
    assert course([[0.2], [0.4]]) == '30.0%'
    assert course([[0.2, 0.5, 0.1], None]) == '20.0% → 10.0%'


@pytest.fixture
def files(tmp_path, monkeypatch) -> Path:
    """Two files of studies, and results under work_dirs/studies."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / 'config.py'
    config.write_text('')
    runs = tmp_path / 'work_dirs/studies'
    for name, group, other in (('shares', '1/8', '1/4'), ('tasks', 'binary', 'multi-label')):
        rows = [
            dict(name=n, config='config.py', group=g)
            for g in (group, other)  # of which the other has not been run
            for n in ('labeled only', 'F', 'F + IM')
        ]
        Path(f'{name}.py').write_text(
            f"title = 'All {name}'\nmetric = 'mIoU'\nseeds = [0, 1]\nrows = {rows!r}\n"
            "caption = 'What every row does.'\n"
        )
        finish(runs / name, 'F', group, [30.0, 32.0])
        finish(runs / name, 'F + IM', group, [33.0, 34.0])
    Path('shares.md').write_text('Three seeds: it **helps**, by 2.5 µ.\n\n', encoding='utf-8')
    return tmp_path


def test_the_page_has_all_parts_in_order(files):
    write_page(['shares.py', 'tasks.py'], 'work_dirs/studies', 'docs/results.md')
    page = Path('docs/results.md').read_text(encoding='utf-8')
    parts = [
        '# Results',
        'python projects/im_study/study.py page shares.py tasks.py --work-dir work_dirs/studies '
        '--out docs/results.md',
        '## All shares',
        'python projects/im_study/study.py run shares.py',
        'What every row does.',
        'Three seeds: it **helps**, by 2.5 µ.',
        '| F + IM | 33.50 ± 0.71 |\n',
        '| *difference, points* | +2.50 ± 0.71 |\n',
        '](images/study_shares.svg)',
        '### 1/8',
        '## All tasks',
        'python projects/im_study/study.py run tasks.py',
        '| *difference, points* | +2.50 ± 0.71 |\n',
        '### binary',
    ]
    at = 0
    for part in parts:
        at = page.index(part, at) + len(part)
    assert page.count('![') == 1
    ElementTree.parse('docs/images/study_shares.svg')
    assert sorted(p.name for p in Path('docs').rglob('*')) == [
        'images', 'results.md', 'study_shares.svg',
    ]  # fmt: skip


def test_the_page_twice_is_the_same_and_takes_over_new_notes(files):
    def made():
        write_page(['shares.py'], 'work_dirs/studies', 'results.md')
        return [Path(name).read_bytes() for name in ('results.md', 'images/study_shares.svg')]

    first = made()
    assert made() == first
    Path('shares.md').write_text('Other words.\n')
    page, image = made()
    assert b'Other words.' in page and b'helps' not in page and image == first[1]


def test_the_tool(files, monkeypatch, capsys):
    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['study.py', *args])
        runpy.run_path(str(ROOT / 'projects/im_study/study.py'), run_name='__main__')
        return capsys.readouterr().out

    assert run('page', 'shares.py', 'tasks.py', '--out', 'p/r.md') == 'p/r.md\n'
    assert '## All tasks' in Path('p/r.md').read_text(encoding='utf-8')
    assert '| F | 30.00 | 32.00 | 31.00 ± 1.41 |' in run('table', 'tasks.py')
    elsewhere = run('table', 'tasks.py', '--work-dir', 'work_dirs/studies/tasks', '--seeds', '1')
    assert '| F | 32.00 | 32.00 |' in elsewhere
    with pytest.raises(SystemExit):
        run('page', 'none.py')


def test_the_page_of_the_project_is_that_of_its_runs(tmp_path, monkeypatch):
    """docs/results.md is what its first command makes of the results that are kept."""
    page = (ROOT / 'docs/results.md').read_text(encoding='utf-8')
    command = next(
        line for line in page.splitlines() if line.startswith('python projects/im_study/study.py')
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'docs').mkdir()
    for name in ('projects', 'configs'):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr(sys, 'argv', command.split()[1:])
    runpy.run_path(str(ROOT / 'projects/im_study/study.py'), run_name='__main__')
    assert Path('docs/results.md').read_text(encoding='utf-8') == page
    readme = (ROOT / 'README.md').read_text(encoding='utf-8').partition('## Results')[2]
    table = [line for line in readme.partition('\n## ')[0].splitlines() if line.startswith('|')]
    assert len(table) > 5 and set(table) <= set(page.splitlines())
    for image in re.findall(r'\]\((images/.*?)\)', page):
        assert (ROOT / 'docs' / image).is_file() and (tmp_path / 'docs' / image).is_file()


def test_a_share_of_zero_is_shown_and_a_mask_that_never_was_is_not(tmp_path):
    study = make_study(['F'], [None])
    zero = [0.0] * 5
    finish(tmp_path, 'F', None, [30.0], {'im/masked': zero, 'im/used': zero})
    header, _, row = cells(study_table(study, tmp_path, [0]))
    assert 'masked' not in header
    assert row[header.index('used')] == '0.0% → 0.0%'
