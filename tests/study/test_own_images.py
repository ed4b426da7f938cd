# SPDX-License-Identifier: Apache-2.0
"""From two folders to the test metric of a published network, by the tools."""

import json
import sys
import tempfile
from pathlib import Path

import own_images

from tests.tool_runs import run_tool

SHORT = [
    'train_cfg.max_epochs=1',
    'train_cfg.val_interval=1',
    'param_scheduler.0.end=1',
    'train_dataloader.dataset.num_samples=4',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
]


def run_forked(name, *args) -> None:
    """As ``own_images.tool``, without the time of imports."""
    with tempfile.TemporaryDirectory() as folder:
        ended = run_tool(f'{name}.py', *args, log=Path(folder, 'log'))
    assert ended.status == 0, ended.output[-3000:]


def test_a_row_runs_once(mini_wbc, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(own_images, 'ROWS', {'labeled only': ['model.semi=None', *SHORT]})
    monkeypatch.setattr(own_images, 'tool', run_forked)
    out = tmp_path / 'all/own.jsonl'
    command = ['own_images.py', mini_wbc, '--out', out, '--counts', '4', '--seeds', '1']
    monkeypatch.setattr(sys, 'argv', [*map(str, command), '--work-dir', str(tmp_path / 'runs')])
    own_images.main()
    (line,) = map(json.loads, out.read_text().splitlines())
    assert (line['row'], line['count'], line['seed']) == ('labeled only', 4, 1)
    assert line['published'] == 'student'
    assert 0 <= line['metrics']['mIoU'] <= 100
    masks = {path.name for path in (tmp_path / 'runs/labeled_only_4_1/masks').rglob('*.png')}
    assert len(masks) == 4
    assert f'| labeled only | {line["metrics"]["mIoU"]:.2f} |' in capsys.readouterr().out

    monkeypatch.setattr(own_images, 'run', None)  # a second one would fail
    own_images.main()
    assert len(out.read_text().splitlines()) == 1
