# SPDX-License-Identifier: Apache-2.0
"""The tool in all label spaces: what it writes, and what it refuses before it predicts."""

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS

from mmseg_im.label_next import suggestion as module
from mmseg_im.label_next.suggestion import suggest, write_suggestion
from mmseg_im.own_data.label_files.drawing import draw_shapes
from mmseg_im.own_data.label_files.labelme import read_labelme
from tests.conftest import ROOT, make_demo_cfg, retarget, shrink
from tests.tool_runs import assert_refused, run_tool


def save(cfg: Config, path: Path, seed: int) -> str:
    """A checkpoint of a network that nobody trained."""
    torch.manual_seed(seed)
    model = cfg.model.copy()
    model.pop('semi', None)
    network = MODELS.build(model)
    for parameter in network.decode_head.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # or all pixels would have one class
    classes = module.unlabeled_images(cfg).metainfo['classes']
    torch.save(dict(state_dict=network.state_dict(), meta=dict(dataset_meta=dict(
        classes=classes))), path)  # fmt: skip
    return str(path)


@pytest.fixture
def shapes(mini_shapes, tmp_path) -> tuple[Config, list[str]]:
    """Config and two checkpoints of a multi-class task."""
    cfg = make_demo_cfg(mini_shapes, tmp_path)
    return cfg, [save(cfg, tmp_path / f'{seed}.pth', seed) for seed in range(2)]


def wbc(task: str, root: str, tmp_path: Path) -> tuple[Config, list[str]]:
    name = f'im_unet-half_1xb8-5e_{task}-1_10-96x96.py'
    cfg = Config.fromfile(ROOT / 'configs/generational' / name)
    shrink(cfg)
    retarget(cfg, dict(data_root=root))
    return cfg, [save(cfg, tmp_path / f'{seed}.pth', seed) for seed in range(2)]


def test_what_the_tool_writes(shapes, tmp_path):
    cfg, checkpoints = shapes
    cfg.dump(str(tmp_path / 'shapes.py'))
    out = tmp_path / 'out'
    ended = run_tool(
        'suggest_labels.py', tmp_path / 'shapes.py', *checkpoints, '--number', 3,
        '--views', 'identity', 'hflip', '--out', out, '--labelme', log=tmp_path / 'log',
    )  # fmt: skip
    assert ended.status == 0, ended.output[-3000:]
    assert '3 of 8 unlabeled images' in ended.output and '2 networks, 4 votes' in ended.output
    names = (out / 'list.txt').read_text().splitlines()
    folder = Path(module.unlabeled_images(cfg).data_root)
    unlabeled = (folder / 'splits/unlabeled.txt').read_text().splitlines()
    assert len(set(names)) == 3 and set(names) < set(unlabeled)
    with (out / 'scores.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows[:3]] == names
    assert [row['chosen'] for row in rows] == ['1', '2', '3', '', '', '', '', '']
    assert {row['name'] for row in rows} == set(unlabeled)
    found = {path.stem: cv2.imread(str(path), -1) for path in (out / 'pre_labels').iterdir()}
    assert set(found) == set(names)
    for row in rows[:3]:
        label = found[row['name']]
        assert label.shape == (32, 32) and set(np.unique(label)) <= {0, 1, 2, 3, 255}
        assert (label == 255).mean() == pytest.approx(float(row['masked']), abs=1e-5)
        assert float(row['masked']) > 0
    assert {path.stem for path in (out / 'labelme').iterdir()} == set(names)
    for name in names:
        [entry] = read_labelme(out / 'labelme' / f'{name}.json').entries
        picture = out / 'labelme' / entry.image
        assert picture.samefile(folder / 'images/train' / picture.name) and picture.stem == name
        classes = module.unlabeled_images(cfg).metainfo['classes']
        ids = {cls: i for i, cls in enumerate(classes)} | {'__ignore__': 255}
        ids_drawn = draw_shapes(entry.shapes, ids, (32, 32)).ids
        assert (ids_drawn == found[name]).mean() > 0.6  # of a network that knows nothing: specks
    page = (out / 'index.html').read_text()
    assert page.count('<img') == 9 and all(f'. {name}</h3>' in page for name in names)
    assert not re.search('(src|href)="(?!data:)', page)
    assert '255 is what the voters disagree on, which training ignores' in page

    again = run_tool(
        'suggest_labels.py', tmp_path / 'shapes.py', *checkpoints, '--out', out, '--number', 3,
        log=tmp_path / 'log',
    )  # fmt: skip
    assert_refused(again, 'exists and is not empty', str(out))
    assert not list(tmp_path.glob('.*.tmp'))


def test_no_annotation_is_read(shapes, tmp_path, monkeypatch):
    """Of a single network three views vote."""
    cfg, checkpoints = shapes
    for name in ('LoadAnnotations', 'LoadHiddenAnnotations'):
        monkeypatch.setattr(f'mmseg_im.datasets.transforms.loading.{name}.transform', None)
    found = suggest(cfg, checkpoints[:1], 2)
    assert '1 network, 3 votes (identity, hflip, scale0.75)' in found.summary
    write_suggestion(found, cfg, tmp_path / 'out')


@pytest.mark.parametrize('task', ['wbc', 'wbc-binary'])
def test_other_label_spaces_and_sizes(task, mini_wbc, tmp_path):
    """Images of different sizes, of a config of generations with hidden annotations."""
    cfg, checkpoints = wbc(task, mini_wbc, tmp_path)
    found = suggest(cfg, checkpoints, 4)
    write_suggestion(found, cfg, tmp_path / 'out')
    page = (tmp_path / 'out' / 'index.html').read_text()
    assert '128 is what the voters disagree on, and training would take it as present' in page
    with (tmp_path / 'out' / 'scores.csv').open() as file:
        rows = list(csv.DictReader(file))
    known = ('nucleus', 'cell') if task == 'wbc' else ('cell',)
    assert {*rows[0]} - {'name', 'chosen', 'score', 'masked', 'confidence'} == {*known}
    assert max(float(row['score']) for row in rows) <= len(known)
    if task == 'wbc-binary':
        assert [row['cell'] for row in rows] == [row['masked'] for row in rows]
        assert 'most disputed: cell ' in page and 'background ' not in page.split('</h3>')[1]
    folder = tmp_path / 'out' / 'pre_labels'
    classes = ['cell', 'nucleus'] if task == 'wbc' else ['']
    for name, vote in zip(found.names, found.votes, strict=True):
        image = cv2.imread(f'{mini_wbc}/images/train/{name}.png')
        maps = [cv2.imread(str(folder / cls / f'{name}.png'), -1) for cls in classes]
        assert all(one.shape == image.shape[:2] for one in maps)
        assert set(np.unique(maps)) <= {0, 128, 255}
        assert (np.array(maps) == 128).any(axis=0).mean() == pytest.approx(vote.masked)


def test_votes_do_not_depend_on_the_batch(mini_wbc, tmp_path):
    cfg, checkpoints = wbc('wbc', mini_wbc, tmp_path)
    cfg.test_dataloader.batch_size = 1
    one = suggest(cfg, checkpoints, 2)
    cfg.test_dataloader.batch_size = 3
    three = suggest(cfg, checkpoints, 2)
    assert one.chosen == three.chosen
    assert np.array_equal(one.scores, three.scores)


@pytest.mark.parametrize(
    ('options', 'parts'),
    [
        (['--number', 9], ['--number 9', '8 unlabeled images']),
        (['--number', 0], ['--number 0', '1 to 8']),
        (['--views', 'identity'], ['a single voter agrees with itself']),
        (['--views', 'upside'], ["'upside' is no view"]),
        (['--out', 'FILE'], ['exists and is not empty']),
    ],
)
def test_mistakes_are_told_before_any_prediction(options, parts, shapes, tmp_path):
    cfg, checkpoints = shapes
    cfg.dump(str(tmp_path / 'shapes.py'))
    (tmp_path / 'file').write_text('')
    options = [tmp_path / 'file' if option == 'FILE' else option for option in options]
    if '--out' not in options:
        options += ['--out', tmp_path / 'out']
    ended = run_tool('suggest_labels.py', tmp_path / 'shapes.py', checkpoints[0], '--number', 3,
                     *options, log=tmp_path / 'log')  # fmt: skip
    assert_refused(ended, *parts)
    assert 'Predicting' not in ended.output and not (tmp_path / 'out').exists()


def test_no_unlabeled_images_and_other_classes(shapes, mini_shapes, tmp_path):
    cfg, checkpoints = shapes
    content = CheckpointLoader.load_checkpoint(checkpoints[1], 'cpu', logger='silent')
    content['meta']['dataset_meta']['classes'] = ('a', 'b', 'c', 'd')
    torch.save(content, checkpoints[1])
    with pytest.raises(module.UserError, match='trained on the classes a, b, c, d'):
        suggest(cfg, checkpoints, 2)
    cfg.train_dataloader.dataset = cfg.train_dataloader.dataset.labeled
    with pytest.raises(module.UserError, match='no unlabeled images'):
        suggest(cfg, checkpoints, 2)


def test_a_failure_leaves_nothing(shapes, tmp_path, monkeypatch):
    cfg, checkpoints = shapes
    found = suggest(cfg, checkpoints, 2)

    def fail(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module, 'write_png', fail)
    with pytest.raises(module.UserError, match='out'):
        write_suggestion(found, cfg, tmp_path / 'out')
    assert not list(tmp_path.glob('*out*'))
