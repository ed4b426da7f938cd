# SPDX-License-Identifier: Apache-2.0
"""The log holds no advice of other packages that its reader cannot follow, and each advice once."""

import warnings
from pathlib import Path

import pytest
from mmengine import Config
from mmengine.logging import MessageHub, MMLogger, print_log
from mmengine.runner import Runner
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.models.builder import build_loss
from mmseg.models.losses import CrossEntropyLoss

from mmseg_im.engine.quiet_log import FOR_DEBUGGING, quiet
from mmseg_im.engine.resumable import ResumableRunner
from tests.generations.conftest import make_generations_cfg, run


@pytest.mark.parametrize('level', ['INFO', 'DEBUG'])
def test_messages_for_developers_are_for_debugging(demo_cfg, level):
    demo_cfg.log_level = level
    demo_cfg.optim_wrapper.paramwise_cfg = dict(custom_keys={'decode_head': dict(lr_mult=10)})
    demo_cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(demo_cfg)
    runner.train()
    text = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert 'Saving checkpoint' in text
    assert ('Initialization information' in text) == (level == 'DEBUG')
    found = [part for part in FOR_DEBUGGING if part in text]
    assert len(found) >= 5 if level == 'DEBUG' else not found  # mmengine says one once in a process


def test_the_log_says_where_the_config_is(demo_cfg, capsys):
    demo_cfg.model.semi, demo_cfg.val_cfg = None, dict(type='ValLoop')
    demo_cfg.train_cfg.max_epochs = 1
    runner = ResumableRunner.from_cfg(demo_cfg)
    runner.train()
    console = capsys.readouterr().out
    log = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert log.count('System environment:') == 1 and 'System environment:' not in console
    assert f'log (versions in it) are in {runner.work_dir}' in console
    (config,) = Path(runner.work_dir).glob('*.py')
    assert Config.fromfile(config).model == demo_cfg.model
    assert len(log.splitlines()) < 120


def test_other_messages_pass(tmp_path, capsys):
    logger = MMLogger.get_instance(f'{tmp_path}', log_file=str(tmp_path / 'log'))
    print_log('IoUMetric got empty `self.results`. Please', logger=logger, level=30)
    print_log('disc is not found', logger=logger, level=30)
    assert (tmp_path / 'log').read_text().count('\n') == 1
    assert 'disc is not found' in capsys.readouterr().out


def test_warnings_of_python():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        warnings.onceregistry.clear()
        quiet()
        for _ in range(3):
            SegVisualizationHook()
            build_loss(dict(type='CrossEntropyLoss'))
            CrossEntropyLoss(avg_non_ignore=False)
            MessageHub.get_instance('one of two runs', log_scalars={})
        warnings.warn('another')
    texts = [str(w.message) for w in seen]
    assert not any('avg_non_ignore' in text for text in texts)
    assert sum('has been created' in text for text in texts) == 1
    assert len(texts) == 2 and texts[-1] == 'another'


def test_the_console_of_many_runs(mini_shapes, tmp_path, capsys):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work')
    cfg.generations.update(num_generations=0, num_teachers=1, students_per_generation=1, im=None)
    cfg.train_cfg.max_epochs = 1
    run(cfg)
    console = capsys.readouterr().out
    log = next((tmp_path / 'work/generation_0/student_0').glob('*/*.log')).read_text()
    assert 'System environment:' in log and 'System environment:' not in console
    for text in ('Config:', 'Hooks will be executed'):
        assert text not in log + console
    assert 'Epoch(val)' in console
