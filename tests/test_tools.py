# SPDX-License-Identifier: Apache-2.0
"""The command line: train, test, browse, publish, and MMSegmentation's own script."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.apis import inference_model, init_model

from mmseg_im.datasets.image_files import class_ids
from mmseg_im.engine.hooks.best_files import kept_at
from tests.conftest import ROOT, make_demo_cfg
from tests.tool_runs import run_tool


def run_anew(script, *args) -> str:
    """Output of a script in an interpreter that has imported nothing, as a user starts it."""
    done = subprocess.run(
        [sys.executable, str(script), *map(str, args)],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture
def run(tmp_path):
    """Runs a tool: ``run('test.py', *args, ok=True)``; its output."""

    def run(tool: str, *args, ok: bool = True) -> str:
        ended = run_tool(tool, *args, log=tmp_path / 'log')
        assert (ended.status == 0) == ok, ended.output[-3000:]
        return ended.output

    return run


@pytest.fixture(scope='module')
def trained(mini_shapes, tmp_path_factory):
    """A config file, and the work dir of a run that tools/train.py made with it."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = make_demo_cfg(mini_shapes, folder)
    config = folder / 'shapes.py'
    cfg.dump(str(config))
    work = folder / 'work'
    run_anew(
        ROOT / 'tools/train.py',
        config,
        '--work-dir',
        work,
        '--cfg-options',
        'train_cfg.max_epochs=1',
    )
    return config, work


def test_test_measures_writes_and_paints(run, trained, tmp_path):
    config, work = trained
    output = run(
        'test.py', config, work / 'epoch_1.pth',
        '--work-dir', tmp_path, '--out', tmp_path / 'out', '--show-dir', tmp_path / 'painted',
    )  # fmt: skip
    assert 'mIoU' in output
    assert 'unexpected key' not in output and 'missing keys' not in output
    assert 'These are the images of the validation' not in output
    maps = sorted((tmp_path / 'out').glob('*.png'))
    assert len(maps) == 2
    assert set(np.unique(class_ids(str(maps[0])))) <= {0, 1, 2, 3}
    assert len(list(tmp_path.rglob('painted/**/*.png'))) == 2


def test_tta(run, trained, tmp_path):
    config, work = trained
    cfg = Config.fromfile(config)
    cfg.tta_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(
            type='TestTimeAug',
            transforms=[
                [dict(type='RandomFlip', prob=p, direction='horizontal') for p in (0.0, 1.0)],
                [dict(type='LoadAnnotations')],
                [dict(type='PackSegInputs')],
            ],
        ),
    ]
    cfg.dump(str(tmp_path / 'tta.py'))
    assert 'mIoU' in run(
        'test.py', tmp_path / 'tta.py', work / 'epoch_1.pth', '--tta',
        '--work-dir', tmp_path,
    )  # fmt: skip


def test_a_test_on_the_validation_images_is_said_and_leaves_the_run_alone(trained, tmp_path):
    """They chose the checkpoint; and the folder of the run keeps the config it was made with."""
    cfg = Config.fromfile(trained[0])
    cfg.test_dataloader = cfg.val_dataloader
    cfg.dump(str(tmp_path / 'mine.py'))
    work = tmp_path / 'work_dirs' / 'mine'
    shutil.copytree(trained[1], work)
    (work / 'mine.py').write_text('as it was trained')
    cfg.work_dir = str(work)
    cfg.dump(str(tmp_path / 'mine.py'))
    ended = run_tool('test.py', tmp_path / 'mine.py', work / 'epoch_1.pth', log=tmp_path / 'log')
    assert ended.status == 0 and 'These are the images of the validation' in ended.output
    assert (work / 'mine.py').read_text() == 'as it was trained' and (work / 'test').is_dir()


def test_mmsegmentations_own_script_trains_our_config(trained, tmp_path):
    """Unchanged, with the config's custom_imports as the only link."""
    script = Path(mmseg.__file__).parent / '.mim' / 'tools' / 'train.py'
    output = run_anew(
        script, trained[0], '--work-dir', tmp_path / 'w', '--cfg-options', 'train_cfg.max_epochs=1'
    )
    assert (tmp_path / 'w' / 'epoch_1.pth').is_file() and 'im/masked' in output


def test_browse_draws_all_views(run, trained, tmp_path):
    output = run('browse_dataset.py', trained[0], '--num', 2, '--output-dir', tmp_path)
    assert f'2 pictures are in {tmp_path}' in output
    pictures = sorted(tmp_path.glob('*.png'))
    assert [p.name for p in pictures] == ['00000.png', '00001.png']
    assert cv2.imread(str(pictures[0])).shape[1] > 4 * 300  # sup, its label, weak, strong


@pytest.mark.parametrize('weights', ['student', 'ema', 'teacher0'])
def test_published_weights_load_into_a_stock_config(run, trained, tmp_path, weights):
    config, work = trained
    published = tmp_path / 'net.pth'
    output = run('publish_student.py', work / 'epoch_1.pth', published, '--weights', weights)
    assert f'kept the {weights}' in output and '4 classes' in output
    checkpoint = torch.load(published, weights_only=True)  # nothing but tensors and plain values
    source = CheckpointLoader.load_checkpoint(str(work / 'epoch_1.pth'), 'cpu', logger='silent')
    prefix = '' if weights == 'student' else 'semi.teachers.0.module.'
    for key, value in checkpoint['state_dict'].items():
        assert torch.equal(value, source['state_dict'][prefix + key])

    cfg = Config.fromfile(config)
    cfg.model.type = 'EncoderDecoder'
    cfg.model.data_preprocessor.type = 'SegDataPreProcessor'
    del cfg.model['semi']
    model = init_model(cfg, None, device='cpu')
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    model = init_model(cfg, str(published), device='cpu')
    assert tuple(model.dataset_meta['classes']) == ('background', 'disc', 'square', 'triangle')
    result = inference_model(model, np.zeros((32, 32, 3), np.uint8))
    assert result.pred_sem_seg.data.shape == (1, 32, 32)
    assert not (tmp_path / 'net.pth.tmp').exists()


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('train.py', 'none.py'), 'none.py does not exist'),
        (('test.py', 'none.py', 'none.pth'), 'none.py does not exist'),
        (('browse_dataset.py', 'none.py'), 'none.py does not exist'),
        (('publish_student.py', 'none.pth', 'out.pth'), 'none.pth does not exist'),
    ],
)
def test_missing_files_are_named_without_a_traceback(run, args, message):
    output = run(args[0], *args[1:], ok=False)
    assert message in output and 'Traceback' not in output


def test_an_option_without_effect_is_refused(run, trained, tmp_path):
    """A number of the file from which others were computed when it was read."""
    config = tmp_path / 'mine.py'
    config.write_text(f"_base_ = [{str(trained[0])!r}]\nmax_epochs = 7\ntrain_cfg = "
                      "dict(max_epochs=max_epochs)\n")  # fmt: skip
    output = run('train.py', config, '--cfg-options', 'max_epochs=1', ok=False)
    assert 'changes nothing' in output and 'such as train_cfg.max_epochs' in output
    assert not (tmp_path / 'work_dirs').exists() and 'Traceback' not in output


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        (
            'model.semi.im.min_agrement=0.5',
            'error: model.semi.im.min_agrement: InconsistencyMask has',
        ),
        ('train_dataloader.dataset.labeled.ann_file=none.txt', 'none.txt does not exist'),
    ],
)
def test_mistakes_in_a_config_are_one_sentence(run, trained, tmp_path, option, message):
    output = run(
        'train.py',
        trained[0],
        '--work-dir',
        tmp_path,
        '--cfg-options',
        option,
        ok=False,
    )
    assert message in output.strip().splitlines()[-1] and 'Traceback' not in output


def test_other_errors_keep_their_traceback():
    from mmseg_im.errors import plain_errors

    with pytest.raises(ValueError, match='of somebody else'), plain_errors():
        raise ValueError('of somebody else')


@pytest.mark.parametrize(
    ('student', 'teacher', 'chosen'), [(50, 60.5, 'teacher0'), (60.5, 50, 'student')]
)
def test_the_best_network_is_published(run, trained, tmp_path, student, teacher, chosen):
    """By the validations, which are made up here; of another checkpoint the student."""
    work = tmp_path / 'work'
    shutil.copytree(trained[1], work)
    at, of_teacher = kept_at(work), kept_at(work, 'teacher0')
    record = json.loads((work / 'validation.json').read_text())['validations']
    record[at]['mIoU'] = student
    record[of_teacher]['teacher0/mIoU'] = teacher
    (work / 'validation.json').write_text(json.dumps(dict(validations=record)))
    output = run('publish_student.py', work / 'best.pth', tmp_path / 'x.pth')
    assert f'kept the {chosen}' in output
    other = 'student' if chosen == 'teacher0' else 'teacher0'
    assert f'mIoU 60.50 of the {chosen}, against 50.00 of the {other}' in output
    published = torch.load(tmp_path / 'x.pth', weights_only=True)
    file = 'best_teacher0.pth' if chosen == 'teacher0' else 'best.pth'
    source = CheckpointLoader.load_checkpoint(str(work / file), 'cpu', logger='silent')
    assert published['meta']['weights'] == chosen
    assert 'decode_head' in published['meta']['cfg']  # for export.py; a teacher's file has none
    for key, value in published['state_dict'].items():
        assert torch.equal(value, source['state_dict'][key])
    for path in (work / 'epoch_1.pth', work / 'best_teacher0.pth'):
        assert 'against' not in run('publish_student.py', path, tmp_path / f'y_{path.name}')
    (work / 'validation.json').unlink()
    assert 'kept the student' in run('publish_student.py', work / 'best.pth', tmp_path / 'z.pth')


def test_publish_refuses_what_is_not_there(run, trained, tmp_path):
    checkpoint = trained[1] / 'epoch_1.pth'
    for weights, message in (
        ('teacher7', "no weights of 'teacher7'"),
        ('none', 'none of student'),
    ):
        output = run(
            'publish_student.py', checkpoint, tmp_path / 'x.pth',
            '--weights', weights, ok=False,
        )  # fmt: skip
        assert message in output and not (tmp_path / 'x.pth').exists()


def test_dist_train_names_its_arguments():
    done = subprocess.run(['bash', ROOT / 'tools/dist_train.sh'], capture_output=True, text=True)
    assert done.returncode == 2 and 'CONFIG NUM_GPUS' in done.stderr


def test_several_processes_train_without_a_gpu(trained, tmp_path):
    """mmengine alone would ask for a CUDA device."""
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    options = ['--cfg-options', 'train_cfg.max_epochs=1', 'param_scheduler.0.end=1']
    script = [str(ROOT / 'tools/dist_train.sh'), str(trained[0]), '2']
    command = [*script, '--work-dir', str(tmp_path / 'w'), *options]
    done = subprocess.run(['bash', *command], capture_output=True, text=True, env=env, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / 'w' / 'epoch_1.pth').is_file()


@pytest.mark.parametrize('tool', sorted((ROOT / 'tools').glob('*.py')), ids=lambda path: path.name)
def test_a_tool_registers_everything(tool):
    """The tools above are forked from a process that has; train.py alone is started anew."""
    steps = ast.parse(tool.read_text(encoding='utf-8')).body
    imported = [step.module for step in steps if isinstance(step, ast.ImportFrom)]
    imported += [name.name for step in steps if isinstance(step, ast.Import) for name in step.names]
    assert 'mmseg_im' in {name.partition('.')[0] for name in imported}
