# SPDX-License-Identifier: Apache-2.0
"""The report of one training: at its end, while it goes on, and of broken files."""

import json
import re
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner

from mmseg_im.engine.hooks.best_details import DETAILS, read_details, write_details
from mmseg_im.engine.run_report.logged import loss_keys, read_scalars, series
from mmseg_im.engine.run_report.run_page import write_run_report
from mmseg_im.engine.run_report.run_results import few_images, print_results, read_results
from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.evaluation import ClassIoUMetric, MultiLabelIoUMetric
from mmseg_im.files.atomic import write_png
from tests.conftest import ROOT
from tests.generations.test_report import Tags


def headings(page: str) -> list[str]:
    return re.findall('<h2>(.*?)</h2>', page)


def test_a_training_ends_with_its_report(demo_cfg):
    demo_cfg.default_hooks.report = dict(type='ReportHook')
    Runner.from_cfg(demo_cfg).train()
    work = Path(demo_cfg.work_dir)
    page = (work / 'report.html').read_text()
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert all(source.startswith('data:image/jpeg;base64,') for source in tags.sources)
    details = read_details(work)
    where = f'epoch {details.at}'
    assert headings(page) == [
        'Validation', f'Classes, {where}', 'Unlabeled pixels', 'Losses',
        f'Which classes are confused, {where}', f'Worst validation images, {where}',
        'Views, pseudo-label, mask and prediction over time',
    ]  # fmt: skip
    panels = list(work.glob('*/vis_data/vis_image/semi_panel_*.png'))
    assert tags.images == 3 * len(details.worst) + len(panels) and len(panels) == 3
    for text in ('student', 'teacher0', 'unsup.loss_strong', 'right outside the mask'):
        assert f'>{text}</text>' in page, text
    # the matrix is what the metrics were computed from
    record = json.loads((work / 'validation.json').read_text())['validations'][str(details.at)]
    both = details.matrix.diagonal()
    union = details.matrix.sum(axis=0) + details.matrix.sum(axis=1) - both
    for name, value in zip(details.classes, 100 * both / union, strict=True):
        assert record[f'IoU/{name}'] == pytest.approx(value, abs=0.01)
    scores = [one['score'] for one in details.worst]
    assert scores == sorted(scores) and len(scores) == min(details.images, 6)


def test_a_report_that_fails_is_a_warning(demo_cfg):
    demo_cfg.model.semi, demo_cfg.val_cfg = None, dict(type='ValLoop')
    demo_cfg.train_cfg.max_epochs = 1
    demo_cfg.default_hooks.report = dict(type='ReportHook')
    runner = Runner.from_cfg(demo_cfg)
    (Path(demo_cfg.work_dir) / 'report.html').mkdir()
    runner.train()
    log = next(Path(demo_cfg.work_dir).glob('*/*.log')).read_text()
    assert 'The report is missing' in log and 'tools/report.py' in log


def log(folder: Path, start: str, lines: list[dict], end: str = '') -> None:
    path = folder / start / 'vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(f'{json.dumps(line)}\n' for line in lines) + end)


@pytest.fixture
def work(tmp_path) -> Path:
    """Files of a training of three epochs that was stopped in the third and resumed."""
    work = tmp_path / 'a <run>'
    losses = [
        {'loss': 9.0 - i, 'decode.loss_ce': 5.0 - i, 'epoch': 1, 'step': i} for i in (1, 2, 3)
    ]
    log(work, '20260101_000000', [*losses, {'mIoU': 3.0, 'step': 2}], end='{"loss": 1.0, "st')
    later = [{'loss': 1.5, 'decode.loss_ce': 1.0, 'step': 3}, {'im/masked': 0.25, 'step': 3}]
    log(work, '20260102_000000', [*later, {'im/epoch/used': 0.001, 'step': 3}])
    odd = [
        '[1]',
        '{"loss": 1e400, "step": 4}',
        '{"loss": 1, "step": 1' + 400 * '0' + '}',
        '[' * 9999,
    ]
    path = work / '20260102_000000/vis_data/scalars.json'
    path.write_text(path.read_text() + '\n'.join(odd))
    metrics = {'mIoU': 40.0, 'teacher0/mIoU': 50.0, 'IoU/a': 80.0, 'IoU/b': 0.0, 'IoU/c': None}
    record = {'1': {**metrics, 'mIoU': 30.0}, '2': metrics, '10': {**metrics, 'mIoU': None}}
    (work / 'validation.json').write_text(json.dumps(dict(validations=record)))
    return work


def keep_details(work: Path, metric, maps: int, at: int = 2) -> None:
    """Writes the details of a validation of two images."""
    rng = np.random.default_rng(0)
    metric.dataset_meta = dict(classes=('a', 'b', '<c>')[:3], palette=None)
    for i in range(2):
        pred, label = torch.from_numpy(rng.integers(0, 2, (2, maps, 30, 40)))
        sample = dict(
            pred_sem_seg=dict(data=pred), gt_sem_seg=dict(data=label), img_path=f'x/<{i}>.png'
        )
        metric.process(dict(inputs=[torch.zeros(3, 30, 40)]), [sample])
    metric.evaluate(2)
    loader = SimpleNamespace(dataset=[0, 1])
    loop = SimpleNamespace(evaluator=SimpleNamespace(metrics=[object(), metric]), dataloader=loader)
    write_details(SimpleNamespace(val_loop=loop, work_dir=work), at, 'epoch', 'mIoU')


@pytest.mark.parametrize('name', ['fixmatch-im_lite0-fpn_shapes', 'im_generations_shapes'])
def test_every_config_has_the_hook(name):
    cfg = Config.fromfile(ROOT / f'configs/demo/{name}.py')
    assert cfg.default_hooks.report == dict(type='ReportHook')


def test_a_resumed_run_has_one_curve(work):
    scalars = read_scalars(work)
    assert series(scalars, 'loss') == ([1, 2, 3], [8.0, 7.0, 1.5])
    assert loss_keys(scalars) == ['loss', 'decode.loss_ce']


def test_while_the_run_goes_on(work, monkeypatch, capsys):
    """As the tool is called; the last line of the log is half written."""
    monkeypatch.setattr(sys, 'argv', ['report.py', str(work)])
    runpy.run_path(str(ROOT / 'tools/report.py'), run_name='__main__')
    output = capsys.readouterr().out
    assert '2 (best)' in output and 'val teacher0/mIoU' in output and 'nan' in output
    assert output.strip().endswith('report.html')
    page = (work / 'report.html').read_text()
    assert (
        '<b>mIoU 40.00</b> at epoch 2.' in page and 'a &lt;run&gt;' in page and '<run>' not in page
    )
    assert 'up to iteration 3, validated up to epoch 10' in page
    for text in (
        'does not find b (IoU 0). Label more',
        'shows c, so',
        'Only 0.1% of the unlabeled',
    ):
        assert text in page and text in output, text


def test_before_the_first_validation(work):
    (work / 'validation.json').unlink()
    assert 'There was no validation yet.' in print_results(read_results(work))
    page = write_run_report(work).read_text()
    assert headings(page) == ['Unlabeled pixels', 'Losses']


@pytest.mark.parametrize(('metric', 'maps'), [(ClassIoUMetric, 1), (MultiLabelIoUMetric, 3)])
def test_details_of_every_label_space(work, metric, maps):
    keep_details(work, metric(), maps)
    page = write_run_report(work).read_text()
    tags = Tags()
    tags.feed(page)
    assert not tags.open and tags.images == 6
    assert 'Which classes are confused, epoch 2' in page and 'All figures rest on 2 val' in page
    assert '&lt;0&gt;.png' in page and '<c>' not in page and '<0>' not in page
    assert ('there: missed' in page) == (maps == 3)


def test_details_of_a_validation_that_a_resume_undid(work):
    keep_details(work, ClassIoUMetric(), 1, at=3)
    assert read_results(work).details is None
    assert 'confused' not in write_run_report(work).read_text()


def test_panels_over_time(work):
    for step in range(1, 11):
        picture = np.full((20, 60, 3), 20 * step, np.uint8)
        folder = work / f'2026010{1 + step % 2}_000000/vis_data/vis_image'
        write_png(folder / f'semi_panel_{step}.png', picture)
    page = write_run_report(work).read_text()
    assert re.findall('<h3>iteration (.*?)</h3>', page) == ['1', '4', '7', '10']
    (work / '20260101_000000/vis_data/vis_image/semi_panel_4.png').write_bytes(b'x')
    page = write_run_report(work).read_text()
    assert page.count('class="panel"') == 3 and 'semi_panel_4.png cannot be decoded' in page


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(palette=[[1, 2, 3]]), 'palette: each class'),
        (dict(confusion=[[1, 2], [3, 4]]), 'no matrix of 3 classes'),
        (dict(worst=[dict(path='x', score=1.0, pictures=dict(a='"><script>'))]), 'is no JPEG'),
        (dict(images='many'), "images: 'many' stands where a whole number belongs"),
    ],
)
def test_damaged_details(work, change, message):
    keep_details(work, ClassIoUMetric(), 1)
    content = json.loads((work / DETAILS).read_text())
    (work / DETAILS).write_text(json.dumps({**content, **change}))
    with pytest.raises(UserError, match=message):
        write_run_report(work)
    assert not (work / 'report.html').exists()


def test_an_old_run_that_counts_iterations(work):
    """Of a version that did not say so, and its checkpoints are gone."""
    assert read_results(work).unit == 'epoch'
    for path in work.glob('*/vis_data/scalars.json'):
        path.write_text(path.read_text().replace('"epoch": 1, ', ''))
    assert read_results(work).unit == 'iteration'
    (work / 'epoch_2.pth').touch()
    assert read_results(work).unit == 'epoch'


def test_pseudo_labels_of_one_class_are_in_the_report(work):
    assert 'labels teach' not in print_results(read_results(work))
    predicted = {'im/epoch/predicted_of/a': 1.0, 'im/epoch/predicted_of/b': 0.0}
    log(work, '20260103_000000', [{'im/epoch/used': 0.99, **predicted, 'step': 4}])
    assert '99.0% of the unlabeled pixels' in print_results(read_results(work))
    assert 'the pseudo-labels teach a alone' in print_results(read_results(work))


def test_how_few_images_are_few(work):
    keep_details(work, ClassIoUMetric(), 1)
    details = read_details(work)
    details.images = 10
    assert few_images(details) == [] == few_images(None)
    details.images, details.unit = 1, 'iteration'
    assert 'which iteration is the best' in few_images(details)[0]
    assert few_images(details)[0].startswith('All figures rest on one validation image:')


def test_not_a_run(tmp_path, work):
    with pytest.raises(MissingFileError, match='is not the work_dir of a run'):
        write_run_report(tmp_path)
    shutil.rmtree(work / '20260101_000000')
    assert write_run_report(work).is_file()  # validations alone are a run
