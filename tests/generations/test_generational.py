# SPDX-License-Identifier: Apache-2.0
"""A whole generational run, what it leaves on the disk, and what --resume does not redo."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mmseg_im.datasets.pseudo_label_files import INDEX, read_index
from mmseg_im.datasets.pseudo_labeled import PseudoLabeledDataset
from mmseg_im.generations.ranking import best_students
from mmseg_im.generations.stages import student_seed
from tests.generations.conftest import make_generations_cfg, run, weights


@pytest.fixture(scope='module')
def finished(mini_shapes, tmp_path_factory):
    """One run of two generations of students; tests only read it."""
    work = tmp_path_factory.mktemp('generations') / 'work'
    cfg = make_generations_cfg(mini_shapes, work)
    cfg.generations.num_generations = 2
    return cfg, run(copy.deepcopy(cfg)), work


def test_stages(finished):
    _, stages, work = finished
    expected = [
        f'generation_{g}/{stage}'
        for g in range(3)
        for stage in ('student_0', 'student_1', 'labels')
    ][:-1] + [f'generation_{g}/test' for g in range(3)]
    assert list(stages) == expected
    assert json.loads((work / 'state.json').read_text())['stages'] == stages


def test_what_lies_on_the_disk(finished):
    _, _, work = finished
    for name in ('generation_0/labels', 'generation_1/labels'):
        index = read_index(work / name)
        assert len(index) == 8  # the unlabeled ones of twelve
        for image in index:
            assert (work / name / 'labels' / f'{image}.png').is_file()
            assert (work / name / 'masks' / f'{image}.png').is_file()
    assert not list(work.rglob('*.tmp*'))
    assert (work / 'report.html').stat().st_size > 10_000


def test_the_best_by_validation_is_tested(finished):
    _, stages, _ = finished
    for generation, student in best_students(stages, 'mIoU').items():
        values = [stages[f'generation_{generation}/student_{i}']['val']['mIoU'] for i in (0, 1)]
        assert student == int(np.argmax(values))
        assert stages[f'generation_{generation}/test']['student'] == student


def test_the_log_ends_with_the_network_to_use(finished):
    """The best of all generations, which need not be of the last."""
    _, stages, work = finished
    values = {n: r['val']['mIoU'] for n, r in stages.items() if '/student_' in n}
    best = work / max(values, key=values.get) / 'best.pth'
    (log,) = [path for path in work.rglob('*.log') if 'Report:' in path.read_text()]
    said = log.read_text().rpartition('The best network by validation')[2]
    assert f'publish_student.py {best} student.pth' in said and best.is_file()


def test_students_differ_in_their_seed_and_start(finished):
    _, stages, work = finished
    seeds = [r['seed'] for name, r in stages.items() if '/student_' in name]
    assert len(set(seeds)) == len(seeds) == 6
    first, second = (weights(work / f'generation_0/student_{i}/best.pth') for i in (0, 1))
    assert any(not torch.equal(first[key], second[key]) for key in first)


def test_a_second_run_of_one_seed_gives_the_same_students(finished, mini_shapes, tmp_path):
    _, stages, work = finished
    again = make_generations_cfg(mini_shapes, tmp_path / 'again')
    again.generations.num_generations = 2
    assert run(again) == stages
    for g in range(3):
        a, b = (
            weights(w / f'generation_{g}/student_0/best.pth') for w in (work, tmp_path / 'again')
        )
        assert all(torch.equal(a[key], b[key]) for key in a)


def test_resume_redoes_nothing(finished, monkeypatch):
    cfg, stages, work = finished
    before = {p: p.stat().st_mtime_ns for p in work.rglob('*.pth')}
    resumed = copy.deepcopy(cfg)
    resumed.resume = True
    resumed.train_dataloader.num_workers = 0  # how many processes load is nobody's business
    assert run(resumed) == stages
    assert {p: p.stat().st_mtime_ns for p in work.rglob('*.pth')} == before


def test_a_finished_run_can_go_on(finished, tmp_path):
    """More generations are no other config."""
    cfg, stages, work = finished
    shutil.copytree(work, tmp_path / 'work')
    longer = copy.deepcopy(cfg)
    longer.work_dir = str(tmp_path / 'work')
    longer.resume = True
    longer.generations.num_generations = 3
    found = run(longer)
    assert found.keys() - stages.keys() == {
        'generation_2/labels', 'generation_3/student_0', 'generation_3/student_1',
        'generation_3/test',
    }  # fmt: skip
    assert {name: found[name] for name in stages} == stages
    assert 'num_generations=3' in (tmp_path / 'work' / 'report.html').read_text()


@pytest.mark.parametrize('how', ['deleted', 'cut', 'no index', 'flipped while training'])
def test_damaged_labels_are_written_again(finished, tmp_path, how, monkeypatch):
    cfg, stages, work = finished
    shutil.copytree(work, tmp_path / 'work')
    labels = tmp_path / 'work' / 'generation_1' / 'labels'
    file = labels / INDEX if how == 'no index' else next((labels / 'masks').iterdir())
    if how == 'cut':
        file.write_bytes(file.read_bytes()[:-20])
    elif how != 'flipped while training':
        file.unlink()
    path = tmp_path / 'work' / 'state.json'
    state = json.loads(path.read_text())
    for name in ('generation_2/student_1', 'generation_2/test'):
        state['stages'].pop(name)
    path.write_text(json.dumps(state))
    shutil.rmtree(tmp_path / 'work' / 'generation_2' / 'student_1')
    resumed = copy.deepcopy(cfg)
    resumed.work_dir = str(tmp_path / 'work')
    resumed.resume = True
    if how == 'flipped while training':
        load = PseudoLabeledDataset.load

        def flip_and_load(dataset, index):
            for path in (labels / 'masks').iterdir():
                path.write_bytes(path.read_bytes()[:-15] + b'0' + path.read_bytes()[-14:])
            return load(dataset, index)

        with monkeypatch.context() as patch:
            patch.setattr(PseudoLabeledDataset, 'load', flip_and_load)
            with pytest.raises(ValueError, match=r'masks/\d+.png is damaged. .*--resume'):
                run(copy.deepcopy(resumed))
    assert run(resumed) == stages
    assert (labels / file.relative_to(labels)).read_bytes() == (
        work / 'generation_1' / 'labels' / file.relative_to(labels)
    ).read_bytes()


def test_weights_that_are_gone_are_named_before_anything_is_done(finished, tmp_path):
    cfg, _, work = finished
    shutil.copytree(work, tmp_path / 'work')
    (tmp_path / 'work/generation_1/student_0/best.pth').write_bytes(b'PK')
    resumed = copy.deepcopy(cfg)
    resumed.work_dir = str(tmp_path / 'work')
    resumed.resume = True
    with pytest.raises(ValueError, match=r'generation_1/student_0/best.pth is missing or cut off'):
        run(resumed)


def test_a_finished_folder_is_refused_without_resume(finished):
    cfg, _, _ = finished
    with pytest.raises(ValueError, match='holds a generational run already.*--resume'):
        run(copy.deepcopy(cfg))


def test_another_config_is_refused_by_key(finished):
    cfg, _, _ = finished
    other = copy.deepcopy(cfg)
    other.resume = True
    other.optim_wrapper.optimizer.lr = 0.5
    with pytest.raises(ValueError, match=r'optim_wrapper\.optimizer\.lr was 0\.003 and is 0\.5'):
        run(other)


def test_a_student_can_be_repeated_by_hand(finished, tmp_path):
    """Its folder holds an ordinary training config."""
    from mmengine import Config
    from mmengine.runner import Runner

    _, _, work = finished
    folder = work / 'generation_1' / 'student_1'
    cfg = Config.fromfile(folder / 'config.py')
    assert cfg.train_dataloader.dataset.labels == str(work / 'generation_0' / 'labels')
    assert cfg.work_dir != str(folder)  # a repetition must not overwrite the run
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = cfg.visualizer.name = tmp_path.name
    Runner.from_cfg(cfg).train()
    first, second = weights(folder / 'best.pth'), weights(tmp_path / 'best.pth')
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_another_run_gives_the_first_teachers(finished, generations_cfg):
    _, stages, work = finished
    generations_cfg.generations.initial_teachers = str(work)
    found = run(generations_cfg)
    assert 'generation_0/student_0' not in found and 'generation_0/labels' in found
    values = {name: r['val']['mIoU'] for name, r in stages.items() if '/student_' in name}
    best = max(values, key=lambda name: (values[name], name))
    log = (Path(generations_cfg.work_dir) / 'generation_0/labeling').rglob('*.log')
    assert f'{best}/best.pth' in next(iter(log)).read_text()
    given = found['generation_0/given']['teachers']
    assert given[0]['checkpoint'].endswith(f'{best}/best.pth')


def test_resume_is_of_the_whole_run_alone(generations_cfg, tmp_path):
    """A student that has not begun starts from ``load_from``; it does not resume from there."""
    generations_cfg.generations.warm_start = True
    generations_cfg.generations.students_per_generation = 2
    whole = copy.deepcopy(generations_cfg)
    expected = run(whole)
    stopped = copy.deepcopy(generations_cfg)
    stopped.work_dir = str(tmp_path / 'stopped')
    stopped.generations.num_generations = 1
    first = {name: r for name, r in expected.items() if name.startswith('generation_0/')}
    first.pop('generation_0/test')
    shutil.copytree(Path(whole.work_dir) / 'generation_0', Path(stopped.work_dir) / 'generation_0')
    state = json.loads((Path(whole.work_dir) / 'state.json').read_text())
    state['stages'] = first
    (Path(stopped.work_dir) / 'state.json').write_text(json.dumps(state))
    stopped.resume = True
    assert run(stopped) == expected


def test_seeds_of_neighbouring_runs_share_no_student():
    seeds = {student_seed(run, g, i) for run in range(5) for g in range(4) for i in range(5)}
    assert len(seeds) == 100 and all(0 <= seed < 2**31 for seed in seeds)


def test_teachers_of_other_classes_than_the_data(finished, generations_cfg):
    """The checkpoints name their classes; the data's order is another."""
    _, _, work = finished
    best = work / 'generation_0' / 'student_0'
    teacher = dict(checkpoint=str(best / 'best.pth'), config=str(best / 'config.py'))
    generations_cfg.generations.initial_teachers = [teacher, teacher]
    classes = ('background', 'disc', 'triangle', 'square')
    generations_cfg.unlabeled_dataloader.dataset.metainfo = dict(classes=classes)
    with pytest.raises(ValueError, match=r'members\[0\] was trained on .*, and the data has'):
        run(generations_cfg)
