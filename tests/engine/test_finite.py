# SPDX-License-Identifier: Apache-2.0
"""A training whose losses or weights are not finite ends before they are saved."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from mmseg_im.engine import FiniteHook
from mmseg_im.errors import DivergedError, UserError
from mmseg_im.generations import print_summary, read_summary
from mmseg_im.generations.ranking import ranked_students
from mmseg_im.generations.stages import student_seed
from tests.conftest import make_demo_cfg, rename, tiny_model
from tests.generations.conftest import make_generations_cfg, run, weights

NAN, INF = float('nan'), float('inf')


class SGD(SimpleNamespace):
    clip_grad_kwargs = None

    def get_lr(self):
        return dict(lr=[0.25])


def after(losses: list[dict], hook: FiniteHook | None = None, batch=None) -> int:
    """After how many iterations with these losses the hook ends a training; 0 if it does not."""
    hub = MessageHub('finite')
    runner = SimpleNamespace(message_hub=hub, hooks=[], optim_wrapper=SGD())
    hook = hook or FiniteHook(steps=3)
    for runner.iter, outputs in enumerate(losses):
        for key, value in outputs.items():
            hub.update_scalar(f'train/{key}', torch.tensor(value))
        try:
            hook.after_train_iter(runner, runner.iter, batch, outputs)
        except UserError as error:
            after.sentence = str(error)
            return runner.iter + 1
    return 0


def test_several_in_a_row():
    good, bad = dict(loss=1.0, loss_ce=1.0), dict(loss=NAN, loss_ce=INF)
    assert after([bad, bad, good] * 4) == 0  # a scaler of fp16 passes over such steps
    assert after([good, bad, bad, good, bad, bad, bad, bad]) == 7
    assert after.sentence == (
        'The loss loss_ce was NaN or inf from iteration 5 on: training has diverged. Try a lower '
        'optim_wrapper.optimizer.lr or optim_wrapper.clip_grad.max_norm=1.0 to clip gradients, '
        'with another --work-dir.'
    )
    assert after([dict(loss=1e30, acc_seg=NAN)] * 9) == 0  # large, or no loss
    assert after([dict(loss=NAN)] * 9, FiniteHook(steps=1)) == 1


def test_an_image_that_is_not_finite():
    def sample(path: str):
        return SimpleNamespace(metainfo=dict(img_path=path))

    images = [torch.zeros(3, 2, 2), torch.zeros(3, 2, 2)]
    images[1][0, 0, 0] = NAN
    for batch in (
        dict(inputs=images, data_samples=[sample('a.tif'), sample('b.tif')]),
        dict(
            inputs=dict(sup=[torch.zeros(3, 2, 2, dtype=torch.uint8)], weak=images),
            data_samples=dict(sup=[sample('c.png')], weak=[sample('a.tif'), sample('b.tif')]),
        ),
    ):
        assert after([dict(loss=NAN)] * 9, batch=batch) == 1
        assert 'from iteration 1 on: the image b.tif holds NaN or inf' in after.sentence


@pytest.mark.parametrize('steps', [0, -1])
def test_no_steps(steps):
    with pytest.raises(ValueError, match=f'steps={steps} must be 1 or more'):
        FiniteHook(steps=steps)


@HOOKS.register_module(force=True)
class PoisonHook(Hook):
    """Puts NaN into a weight after an iteration, of all runs or those with one seed."""

    priority = 'VERY_HIGH'

    def __init__(self, name: str, iteration: int, seed: int | None = None):
        self.name, self.iteration, self.seed = name, iteration, seed

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter + 1 == self.iteration and self.seed in (None, runner.seed):
            runner.model.state_dict()[self.name].view(-1)[0] = NAN


@pytest.fixture
def cfg(demo_cfg):
    demo_cfg.model = tiny_model(demo_cfg.model.semi)
    demo_cfg.train_cfg.max_epochs = 3
    return demo_cfg


def ends(cfg, match: str, error=DivergedError) -> set[str]:
    """Trains to an error; the checkpoints that are left, all of them finite."""
    with pytest.raises(error, match=match):
        Runner.from_cfg(cfg).train()
    files = list(Path(cfg.work_dir).glob('*.pth'))
    for path in files:
        assert all(v.isfinite().all() for v in weights(path).values()), path
    return {path.name for path in files}


@pytest.mark.parametrize(
    'name', ['decode_head.conv_seg.bias', 'semi.teachers.0.module.decode_head.conv_seg.bias']
)  # fmt: skip
def test_weights_of_student_or_teacher(cfg, name):
    """Iteration 8 is the last of epoch 2: no loss tells of it before the checkpoint."""
    cfg.custom_hooks.append(dict(type='PoisonHook', name=name, iteration=8))
    left = ends(cfg, rf'{name} holds NaN or inf after iteration 8: .* are in .*epoch_1\.pth')
    assert 'epoch_1.pth' in left and 'epoch_2.pth' not in left


@pytest.mark.parametrize(
    ('iteration', 'checkpoint', 'left'),
    [(3, 3, set()), (4, 3, {'best.pth', 'iter_3.pth'})],
)
def test_checkpoints_and_validations_by_iteration(cfg, iteration, checkpoint, left):
    """A validation at 3; a checkpoint at 2, or 3, and at the end."""
    cfg.model.semi = None
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=4, val_interval=3)
    cfg.val_cfg = dict(type='ValLoop')
    cfg.param_scheduler = []
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=checkpoint, save_best=None)
    name = 'decode_head.conv_seg.bias'
    poison = dict(type='PoisonHook', name=name, iteration=iteration)
    cfg.custom_hooks = [dict(type='FiniteHook'), poison]
    assert ends(cfg, f'{name} holds NaN or inf after iteration {iteration}') == left


def test_a_run_begins_with_finite_weights(cfg, tmp_path):
    state = Runner.from_cfg(cfg).model.state_dict()
    state['decode_head.conv_seg.bias'][0] = NAN
    torch.save(dict(state_dict=state), tmp_path / 'start.pth')
    cfg.load_from = str(tmp_path / 'start.pth')
    rename(cfg, 'begin')
    match = 'start.pth holds values that are not finite .* decode_head.conv_seg.bias'
    assert ends(cfg, match, UserError) == set()


def test_weights_that_are_not_finite_are_never_the_best(mini_shapes, tmp_path):
    """Also in a config that does not name FiniteHook; its metrics may look well."""
    cfg = make_demo_cfg(mini_shapes, tmp_path)
    cfg.model = tiny_model()
    cfg.val_cfg = dict(type='ValLoop')
    cfg.default_hooks.checkpoint.save_best = None
    poison = dict(type='PoisonHook', name='decode_head.conv_seg.bias', iteration=8)
    cfg.custom_hooks = [dict(type='KeepBestHook', metric='mIoU'), poison]
    Runner.from_cfg(cfg).train()
    folder = Path(cfg.work_dir)
    assert all(value.isfinite().all() for value in weights(folder / 'best.pth').values())
    assert list(json.loads((folder / 'validation.json').read_text())['validations']) == ['1']


@pytest.fixture
def students_cfg(mini_shapes, tmp_path):
    """Poisons students with these seeds after an iteration."""

    def make(iterations: dict[int, int]):
        cfg = make_generations_cfg(mini_shapes, tmp_path / 'work')
        cfg.custom_hooks = [
            dict(type='PoisonHook', name='decode_head.conv_seg.bias', iteration=at, seed=seed)
            for seed, at in iterations.items()
        ]
        return cfg

    return make


def test_a_student_that_diverges_does_not_teach(students_cfg):
    """Before its first validation it is left out; after one, what was the best stays so."""
    cfg = students_cfg({student_seed(0, 0, 0): 4, student_seed(0, 0, 1): 8})
    assert cfg.randomness.seed == 0
    cfg.generations.update(students_per_generation=3, num_generations=0)
    stages = RUNNERS.build(cfg).train()
    work_dir = Path(cfg.work_dir)
    lost, stopped = (stages[f'generation_0/student_{i}'] for i in range(2))
    assert 'conv_seg.bias holds NaN or inf after iteration 4' in lost['diverged']
    assert 'checkpoint' not in lost and lost['val'] == {'mIoU': None}
    assert not list((work_dir / 'generation_0/student_0').rglob('*.pth'))
    assert stopped['at'] == 1 and 'epoch_1.pth' in stopped['diverged']
    assert sorted(ranked_students(stages, 'mIoU')[0]) == [1, 2]
    for path in work_dir.rglob('*.pth'):
        assert all(value.isfinite().all() for value in weights(path).values()), path
    assert ' nan, ' in print_summary(read_summary(work_dir))


def test_a_generation_without_teachers(students_cfg):
    """One of two diverges, and a mask needs both; the same when the run is resumed."""
    cfg = students_cfg({student_seed(0, 0, 0): 4})
    match = (
        r'Only 1 of the 2 students of generation 0 can be used: the others diverged before their '
        r'first validation. decode_head.conv_seg.bias holds NaN'
    )
    for cfg.resume in (False, True):
        with pytest.raises(UserError, match=match):
            run(copy.deepcopy(cfg))
