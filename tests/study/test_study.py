# SPDX-License-Identifier: Apache-2.0
"""A study: cells that run once, and the table of their results."""

import json
from types import SimpleNamespace

import pytest
from im_study import one_run as module
from im_study import run as study_module
from im_study.one_run import MADE_WITH, mask_in_fifths
from im_study.results import RESULT, folder_of
from im_study.run import read_study, run_study
from im_study.tables import study_table
from mmengine import Config

from mmseg_im.errors import UserError
from mmseg_im.files.atomic import read_json, write_json
from mmseg_im.generations.state import STATE


@pytest.fixture
def study(demo_cfg, tmp_path) -> Config:
    """One row: the demo in miniature."""
    demo_cfg.test_dataloader = demo_cfg.val_dataloader
    demo_cfg.test_evaluator = demo_cfg.val_evaluator
    demo_cfg.test_cfg = dict(type='TestLoop')
    demo_cfg.dump(str(tmp_path / 'demo.py'))
    file = tmp_path / 'study.py'
    rows = [dict(name='FixMatch + IM', config=str(tmp_path / 'demo.py'))]
    file.write_text(f"title = 'Demo'\nmetric = 'mIoU'\nseeds = [3]\nrows = {rows!r}\n")
    return read_study(file)


def test_a_cell_runs_once_and_its_config_must_stay(study, tmp_path, monkeypatch):
    run_study(study, tmp_path / 'runs', [3], None)
    folder = folder_of(tmp_path / 'runs', 'FixMatch + IM', 3)
    result = read_json(folder / RESULT)
    assert read_json(folder / MADE_WITH)['randomness.seed'] == 3
    assert result['networks'] == 1 and result['seconds'] > 0
    assert 0 <= result['best']['mIoU'] <= 100 and 0 <= result['last']['mIoU'] <= 100
    assert [p.name for p in folder.rglob('*.pth')] == ['best.pth']
    assert all(0 <= v <= 1 for v in result['mask']['im/masked'] if v is not None)

    monkeypatch.setattr(module, 'train_student', None)  # a second training would fail
    run_study(study, tmp_path / 'runs', [3], None)
    assert read_json(folder / RESULT) == result
    header, _, row = study_table(study, tmp_path / 'runs', [3, 4]).splitlines()
    assert header.startswith(
        '|  | seed 3 | mean ± std | last checkpoint | EMA teacher | lowest class |'
    )
    assert row.startswith(f'| FixMatch + IM | {result["best"]["mIoU"]:.2f} |')

    study.rows[0].options = {'optim_wrapper.optimizer.lr': 1.0}
    for name in (RESULT, MADE_WITH):  # and after an interruption, when there is no result
        with pytest.raises(UserError, match='another config'):
            run_study(study, tmp_path / 'runs', [3], None)
        (folder / name).unlink()


def test_a_row_begins_with_the_networks_of_another(study, tmp_path):
    """Also if its name alone is asked for; in another order than they are named."""
    first = dict(study.rows[0], name='first', group='1/8')
    study.rows = [dict(first, name='more', start='first'), dict(first)]
    run_study(study, tmp_path / 'runs', [3], ['more'])
    more, first = (folder_of(tmp_path / 'runs', name, 3, '1/8') for name in ('more', 'first'))
    assert read_json(more / MADE_WITH)['load_from'] == '{start}/best.pth'
    assert (first / 'best.pth').is_file() and (more / RESULT).is_file()

    (tmp_path / 'runs').rename(tmp_path / 'moved')
    run_study(study, tmp_path / 'moved', [3], None)  # nothing is left to do
    first = folder_of(tmp_path / 'moved', 'first', 3, '1/8')
    write_json(first / RESULT, dict(read_json(first / RESULT), best=dict(mIoU=1.0)))
    with pytest.raises(UserError, match='networks that it begins with were trained again'):
        run_study(study, tmp_path / 'moved', [3], None)
    for start in ('nobody', 'more'):
        study.rows[0].start = start
        study.dump(str(tmp_path / 'study.py'))
        with pytest.raises(UserError, match=f"'more' starts from '{start}', which"):
            read_study(tmp_path / 'study.py')


def test_the_network_of_the_next_seed_is_another_teacher(study, tmp_path):
    """It is trained first, and belongs to what a run was made with."""
    study.seeds = [3, 5]
    teachers = [dict(type='EMATeacher'), dict(type='FrozenTeacher', checkpoint='{another}')]
    options = {'model.semi.teachers': teachers}
    two = dict(study.rows[0], name='two', start='first', options=options)
    study.rows = [two, dict(study.rows[0], name='first')]
    run_study(study, tmp_path / 'runs', [5], ['two'])
    folder = folder_of(tmp_path / 'runs', 'two', 5)
    made_with = read_json(folder / MADE_WITH)
    assert made_with['load_from'] == '{start}/best.pth'
    assert made_with['model.semi.teachers.1.checkpoint'] == '{another}/best.pth'
    best = [read_json(folder_of(tmp_path / 'runs', 'first', s) / RESULT)['best'] for s in (5, 3)]
    assert [made_with['start'], made_with['another']] == best
    config = Config.fromfile(folder / 'config.py')
    assert config.model.semi.teachers[1].checkpoint.endswith('first/seed_3/best.pth')

    del study.rows[0]['start']
    study.dump(str(tmp_path / 'study.py'))
    with pytest.raises(UserError, match='another of what'):
        read_study(tmp_path / 'study.py')


def test_an_option_that_names_nothing(study, tmp_path):
    study.rows[0].options = {'param_schedular.0.end': 1}
    with pytest.raises(UserError, match="no 'param_schedular'.*Did you mean 'param_scheduler'"):
        run_study(study, tmp_path, [3], None)


def test_networks_of_a_run_in_generations(tmp_path, monkeypatch):
    """Ranked by validation; generations begin with all of them, a network with the best."""
    files = dict(checkpoint='best.pth', config='config.py')
    stages = {
        f'generation_0/student_{i}': dict(files, seed=0, at=1, val=dict(mIoU=value))
        for i, value in enumerate([30.0, 50.0, 40.0])
    }
    write_json(tmp_path / STATE, dict(config={}, stages=stages))
    monkeypatch.setattr(module, 'read_summary', lambda _: SimpleNamespace(metric='mIoU'))
    network, generations = Config({}), Config(dict(runner_type='x', generations=dict()))
    for cfg in (network, generations):
        module._begin_with(cfg, tmp_path)
    student = tmp_path / 'generation_0' / 'student_1'
    assert network.load_from == str(student / 'best.pth')
    assert generations.generations.initial_teachers == str(tmp_path)
    options = {'teachers': [dict(views=['a'], checkpoint='{second}')]}
    filled = module._filled(options, tmp_path, None)
    assert filled['teachers'][0]['checkpoint'] == str(
        tmp_path / 'generation_0' / 'student_2' / 'best.pth'
    )
    assert filled['teachers'][0]['views'] == ['a']


def test_a_cell_of_another_process_is_passed_over(study, tmp_path, monkeypatch):
    folder = folder_of(tmp_path, 'FixMatch + IM', 3)

    def busy(_):  # a lock does not exclude the process that holds it
        raise UserError('Another run is at work.')

    monkeypatch.setattr(study_module, 'Lock', busy)
    run_study(study, tmp_path, [3], None)
    assert not folder.exists()


def test_an_unknown_row_is_refused(study, tmp_path):
    with pytest.raises(UserError, match="no row 'FixMach'.*FixMatch"):
        run_study(study, tmp_path, [3], ['FixMach'])


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("title = ''\nmetric = ''\nseeds = [0]\n", "no 'rows'"),
        (
            "title = metric = ''\nseeds = [0]\nrows = [dict(name='a', config='none.py')]\n",
            'none.py',
        ),
        (
            "title = metric = ''\nseeds = [0]\n"
            'rows = [dict(name="a", config=__file__)] * 2\n'.replace('__file__', "'x.py'"),
            "two rows have the name 'a'",
        ),
    ],
)
def test_mistakes_of_a_study(text, message, tmp_path):
    (tmp_path / 'study.py').write_text(text)
    with pytest.raises(UserError, match=message):
        read_study(tmp_path / 'study.py')
    with pytest.raises(UserError, match='does not exist'):
        read_study(tmp_path / 'absent.py')


def test_the_table_has_mean_deviation_and_course(tmp_path):
    study = Config(dict(metric='mIoU', rows=[dict(name='A'), dict(name='B')]))
    for seed, (best, last) in enumerate([(40.0, 39.0), (43.0, None)]):
        mask = {'im/masked': [0.3, None, 0.1], 'im/used': [None, 0.5, 0.7]}
        write_json(
            folder_of(tmp_path, 'A', seed) / RESULT,
            dict(best=dict(mIoU=best), last=dict(mIoU=last), mask=mask, networks=2, seconds=90.0),
        )
    header, _, first = study_table(study, tmp_path, [0, 1]).splitlines()  # B was not run
    assert header.count('|') == first.count('|')
    # 40 and 43: mean 41.5, deviation with n - 1 is 3 / sqrt(2)
    assert '| 40.00 | 43.00 | 41.50 ± 2.12 | 39.00 | 30.0% → 10.0% | 70.0% |' in first
    assert first.endswith('| 2 | 1.5 |')


def test_fifths_of_a_run_that_was_interrupted(tmp_path):
    """Iterations that were done twice after a resume count once, the later time."""
    for part, start in (('20260101_000000', 1), ('20260101_000001', 6)):
        path = tmp_path / part / 'vis_data' / 'scalars.json'
        path.parent.mkdir(parents=True)
        records = [
            {'iter': i, 'im/masked': i / 100 + (part[-1] == '1')} for i in range(start, start + 5)
        ]
        records.append({'mIoU': 3.0, 'step': 5})
        path.write_text('\n'.join(json.dumps(r) for r in records))
    parts = mask_in_fifths(tmp_path)['im/masked']
    assert parts == pytest.approx([0.015, 0.035, (0.05 + 1.06) / 2, 1.075, 1.095])
    assert mask_in_fifths(tmp_path / 'nothing') == {}
