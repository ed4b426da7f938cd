# SPDX-License-Identifier: Apache-2.0
"""Files that a run wrote and that another hand changed, through the tools that go on with them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_im.datasets.damaged_labels import first_damage
from mmseg_im.datasets.pseudo_label_files import INDEX, read_index
from mmseg_im.files.atomic import read_json, write_json
from tests.attacks.test_own_records import BROKEN
from tests.generations.conftest import make_generations_cfg, weights
from tests.tool_runs import assert_refused, run_tool


@pytest.fixture(scope='module')
def finished(mini_shapes, tmp_path_factory):
    """Config and folder of a finished run of two generations, two students each."""
    folder = tmp_path_factory.mktemp('finished')
    cfg = make_generations_cfg(mini_shapes, folder / 'unused')
    cfg.train_cfg.max_epochs = cfg.param_scheduler[0].end = 1
    cfg.dump(str(folder / 'run.py'))
    ended = run_tool(
        'train.py',
        folder / 'run.py',
        '--work-dir',
        folder / 'work',
        log=folder / 'log',
        seconds=900,
    )
    assert ended.status == 0, ended.output[-3000:]
    return folder / 'run.py', folder / 'work'


@pytest.fixture
def work(finished, tmp_path) -> Path:
    """A copy of the run."""
    shutil.copytree(finished[1], tmp_path / 'work')
    return tmp_path / 'work'


def report(work: Path):
    return run_tool('report.py', work, log=work.parent / 'log')


def resume(finished, work: Path):
    log = work.parent / 'log'
    return run_tool('train.py', finished[0], '--work-dir', work, '--resume', log=log, seconds=900)


@pytest.mark.parametrize('kind', [*BROKEN, 'a folder', 'huge'])
def test_what_is_no_state(finished, work, attack, kind):
    path = work / 'state.json'
    before = path.read_bytes()
    path.unlink()
    if kind == 'a folder':
        path.mkdir()
    elif kind == 'huge':
        with open(path, 'wb') as file:
            file.truncate(2**40)
    else:
        path.write_bytes(BROKEN[kind])
    attack('JSON of our own: what is none', 2)
    assert_refused(resume(finished, work), 'state.json is damaged', '--work-dir')
    if kind != 'a folder':  # there is no run then
        assert_refused(report(work), 'state.json is damaged')
    assert (work / 'generation_1' / 'student_1' / 'best.pth').is_file() and before


def put(*keys, value):
    def change(state: dict) -> None:
        for key in keys[:-1]:
            state = state[key]
        state[keys[-1]] = value

    return change


def take(*keys):
    def change(state: dict) -> None:
        for key in keys[:-1]:
            state = state[key]
        del state[keys[-1]]

    return change


S, L, T = 'generation_0/student_0', 'generation_0/labels', 'generation_1/test'
STATES = {
    'config: [] stands where an object belongs': put('config', value=[]),
    'config.model: {} stands where': put('config', 'model', value={}),
    "'stages' is missing": take('stages'),
    'stages: 3 stands where an object belongs': put('stages', value=3),
    'is no stage': put('stages', '../../elsewhere/student_0', value={}),
    "'generation_0' is no stage": put('stages', 'generation_0', value={}),
    f'stages.{S}: [] stands where': put('stages', S, value=[]),
    f"stages.{S}: 'val' is missing": take('stages', S, 'val'),
    f'stages.{S}.val: 50.0 stands where': put('stages', S, 'val', value=50.0),
    f"stages.{S}.val.mIoU: '50' stands where": put('stages', S, 'val', 'mIoU', value='50'),
    f"stages.{S}.val has no 'mIoU'": take('stages', S, 'val', 'mIoU'),
    f'stages.{S}.seed: None stands where': put('stages', S, 'seed', value=None),
    f'stages.{S}.at: [1] stands where': put('stages', S, 'at', value=[1]),
    'has the files best.pth and config.py': put('stages', S, 'checkpoint', value='../../x.pth'),
    f'stages.{L}: [0.5] stands where': put('stages', L, value=[0.5]),
    f"stages.{L}.pseudo/masked: '5%' stands": put('stages', L, 'pseudo/masked', value='5%'),
    f"stages.{T}: 'test' is missing": take('stages', T, 'test'),
    f'stages.{T}.test: [] stands where': put('stages', T, 'test', value=[]),
}


@pytest.mark.parametrize('sentence', STATES)
def test_a_state_of_another_shape(work, attack, sentence):
    state = json.loads((work / 'state.json').read_text())
    STATES[sentence](state)
    write_json(work / 'state.json', state)
    attack('JSON of our own: another shape')
    assert_refused(report(work), 'state.json is damaged', sentence)


@pytest.mark.parametrize(('name', 'content', 'sentence'), [
    (f'{S}/validation.json', b'[]', '[] stands where an object belongs'),
    (f'{S}/validation.json', b'{"validations": {"one": {}}}', "'one' is no whole number"),
    (f'{S}/validation.json', b'{"validations": {"1": 50}}', 'validations.1: 50 stands where'),
    ('examples/examples.json', b'{}', "'images' is missing"),
    ('examples/examples.json', b'{"images": {"../../x": {"why": "", "image": ""}}, "classes": '
     b'["a"], "palette": [[1, 2, 3]]}', "'../../x' leads out of its folder"),
    ('examples/examples.json', b'{"images": {}, "classes": ["a"], "palette": [[1, 2, 300]]}',
     'red, green, blue'),
    ('examples/examples.json', b'{"images": {}, "classes": ["a"], "palette": []}', 'palette'),
])  # fmt: skip
def test_other_files_of_the_report(work, attack, name, content, sentence):
    assert (work / name).is_file()
    (work / name).write_bytes(content)
    attack('JSON of our own: another shape')
    assert_refused(report(work), f'{Path(name).name} is damaged', sentence)


@pytest.mark.parametrize(('content', 'sentence'), [
    (b'{}', "'at' is missing"),
    (b'{"at": 1, "unit": "epoch", "metric": "", "images": 1, "classes": ["a"], "palette": '
     b'[[1, 2, 3]], "confusion": [[1]], "worst": [{"path": "", "score": 1, "pictures": '
     b'{"a": "\\"><script>"}}]}', 'a picture is no JPEG'),
])  # fmt: skip
def test_details_of_the_best_student(work, attack, content, sentence):
    for path in work.glob('generation_0/student_*/best_validation.json'):
        path.write_bytes(content)
    attack('JSON of our own: another shape')
    assert_refused(report(work), 'best_validation.json is damaged', sentence)


def flip(path: Path, at: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 4
    path.write_bytes(bytes(content))


def test_an_example_with_a_flipped_bit(work, attack):
    path = next((work / 'examples' / 'generation_0' / 'labels').glob('*.png'))
    flip(path, 0.6)
    attack('pseudo-label with flipped bits')
    assert_refused(report(work), path.name, 'is damaged', 'Delete')


def begin_second_generation(work: Path) -> None:
    """Has the run forget what came after its labels."""
    state = read_json(work / 'state.json')
    for name in list(state['stages']):
        if name.startswith('generation_1') or name.endswith('test'):
            del state['stages'][name]
    write_json(work / 'state.json', state)
    shutil.rmtree(work / 'generation_1')


@pytest.mark.parametrize('what', ['a label', 'an index'])
def test_damaged_labels_are_written_again(finished, work, attack, what):
    """And the run ends as if nothing had happened."""
    begin_second_generation(work)
    labels = work / 'generation_0' / 'labels'
    if what == 'a label':
        flip(sorted((labels / 'labels').glob('*.png'))[1], 0.6)
        attack('pseudo-label with flipped bits')
    else:
        (labels / INDEX).write_text('{"images": []}')
        attack('JSON of our own: another shape')
    ended = resume(finished, work)
    assert ended.status == 0, ended.output[-3000:]
    assert 'generation_0/labels is done again' in ended.output
    whole = finished[1]
    assert (work / 'state.json').read_bytes() == (whole / 'state.json').read_bytes()
    for path in (whole / 'generation_0' / 'labels').rglob('*.*'):
        assert path.read_bytes() == (work / path.relative_to(whole)).read_bytes()
    for i in range(2):
        one, other = (weights(w / f'generation_1/student_{i}/best.pth') for w in (whole, work))
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_every_damage_of_labels_is_seen(work, attack):
    """What the run looks at before students learn from them."""
    labels = work / 'generation_0' / 'labels'
    assert first_damage(labels) is None
    for path in (labels / INDEX, *sorted(labels.rglob('*.png'))[:4]):
        content = path.read_bytes()
        changes = [b'', content[:-3], content[: len(content) // 2], b'[]', b'\x89PNG']
        for change in changes:
            path.write_bytes(change)
            assert path.name in first_damage(labels), change[:9]
        path.unlink()
        assert path.name in first_damage(labels)
        path.mkdir()
        assert path.name in first_damage(labels)
        path.rmdir()
        path.write_bytes(content)
        attack('pseudo-labels and index, as a run checks them', 7)
    path = next((labels / 'masks').glob('*.png'))
    content = path.read_bytes()
    for at in np.linspace(0, 1, 40, endpoint=False):
        flip(path, at)
        assert path.name in first_damage(labels)
        path.write_bytes(content)
    attack('pseudo-label with flipped bits', 40)


@pytest.mark.parametrize('what', ['of another student', 'of another architecture', 'missing'])
def test_weights_that_are_not_those_of_the_student(finished, work, attack, what):
    begin_second_generation(work)
    path = work / 'generation_0' / 'student_0' / 'best.pth'
    if what == 'of another student':
        shutil.copy(work / 'generation_0' / 'student_1' / 'best.pth', path)
    elif what == 'missing':
        path.unlink()
    else:
        content = CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
        content['state_dict']['decode_head.conv_seg.bias'] = torch.zeros(7)
        torch.save(content, path)
    attack('weights that are not those of the student')
    assert_refused(resume(finished, work), str(path), what)
    assert read_index(work / 'generation_0' / 'labels')


RESULT = dict(best=dict(mIoU=50.0), last=dict(mIoU=None), seconds=1.0, networks=1, mask={})


@pytest.mark.parametrize(('result', 'sentence'), [
    ([], '[] stands where an object belongs'),
    ({}, "'best' is missing"),
    (dict(RESULT, best=[]), 'best: [] stands where'),
    (dict(RESULT, best={}), 'has no best.mIoU'),
    (dict(RESULT, last={}), 'has no last.mIoU'),
    (dict(RESULT, best=dict(mIoU='50')), "best.mIoU: '50' stands where"),
    (dict(RESULT, seconds=None), 'seconds: None stands where'),
    (dict(RESULT, networks=0), 'networks'),
    (dict(RESULT, mask={'im/masked': 0.5}), 'mask.im/masked: 0.5 stands where'),
    (dict(RESULT, mask={'im/masked': [{}]}), 'mask.im/masked.0: {} stands where'),
])  # fmt: skip
@pytest.mark.parametrize('command', ['table', 'page'])
def test_results_of_a_study(finished, tmp_path, attack, result, sentence, command):
    study = tmp_path / 'study.py'
    rows = [dict(name='IM', config=str(finished[0]))]
    study.write_text(f"title = 'Demo'\nmetric = 'mIoU'\nseeds = [3]\nrows = {rows!r}\n")
    folder = tmp_path / ('study/im' if command == 'page' else 'im') / 'seed_3'
    write_json(folder / 'result.json', result)
    attack('JSON of our own: another shape')
    tool = '../projects/im_study/study.py'
    ended = run_tool(tool, command, study, '--work-dir', tmp_path, log=tmp_path / 'log')
    assert_refused(ended, 'result.json', sentence, str(folder))
