# SPDX-License-Identifier: Apache-2.0
"""An epoch without a batch, and a pipeline that fails, end a training before its first step."""

import pytest
from mmengine.runner import Runner

from mmseg_im.engine import EpochBasedTrainLoop, ResumableRunner, TestLoop, ValLoop

pytestmark = pytest.mark.filterwarnings('ignore:.*reduce_zero_label.*')
FAILS = dict(type='LoadAnnotations', reduce_zero_label=True)


def supervised(cfg, kind: str) -> None:
    """Turns the demo into a training with the labeled images alone."""
    labeled = cfg.train_dataloader.dataset.labeled
    dataset = labeled if kind == 'plain' else dict(type='SeededDataset', dataset=labeled)
    cfg.train_dataloader.dataset = dataset
    cfg.model.semi = None
    cfg.model.data_preprocessor.type = 'SegDataPreProcessor'
    cfg.custom_hooks = [dict(type='SeedHook')]


def refuse(cfg, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Runner.from_cfg(cfg).train()


@pytest.mark.parametrize('loop', ['EpochBasedTrainLoop', 'IterBasedTrainLoop'])
@pytest.mark.parametrize('kind', ['semi', 'plain', 'seeded'])
def test_fewer_samples_than_a_batch(demo_cfg, kind, loop):
    if kind != 'semi':
        supervised(demo_cfg, kind)
    demo_cfg.train_dataloader.update(batch_size=9, drop_last=True)
    if loop == 'IterBasedTrainLoop':
        demo_cfg.train_cfg = dict(type=loop, max_iters=2, val_interval=2)
        demo_cfg.param_scheduler = None
    refuse(demo_cfg, r'train_dataloader.batch_size=9 is more than the \d samples of an epoch')


def test_loops_without_a_type_check_as_well(demo_cfg):
    demo_cfg.train_cfg = dict(by_epoch=True, max_epochs=2)
    demo_cfg.val_cfg = demo_cfg.test_cfg = dict()
    demo_cfg.default_hooks.checkpoint = None
    runner = ResumableRunner.from_cfg(demo_cfg)
    loops = (runner.train_loop, runner.val_loop, runner.test_loop)
    assert tuple(map(type, loops)) == (EpochBasedTrainLoop, ValLoop, TestLoop)


def test_an_endless_sampler_fills_any_batch(demo_cfg):
    supervised(demo_cfg, 'plain')
    demo_cfg.train_dataloader.update(batch_size=5, drop_last=True)
    demo_cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
    demo_cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=1, val_interval=1)
    demo_cfg.param_scheduler = None
    demo_cfg.default_hooks.checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=1)
    Runner.from_cfg(demo_cfg).train()


@pytest.mark.parametrize(
    ('where', 'at'),
    [
        ('train_dataloader.dataset.labeled', 1),
        ('train_dataloader.dataset.unlabeled', 1),
        ('val_dataloader.dataset', 1),
        ('test_dataloader.dataset', 1),
    ],
)
def test_a_pipeline_that_fails(demo_cfg, where, at):
    demo_cfg.merge_from_dict({f'{where}.pipeline.{at}': FAILS, 'test_dataloader.num_workers': 0})
    match = f'{where}.pipeline: LoadAnnotations fails on the first image, .*png: '
    if where.endswith('unlabeled'):  # it has no annotation
        match = f'{where}.pipeline: LoadAnnotations fails'
    refuse(demo_cfg, match)


@pytest.mark.parametrize('kind', ['plain', 'seeded'])
def test_a_pipeline_of_a_supervised_training(demo_cfg, kind):
    supervised(demo_cfg, kind)
    dataset = demo_cfg.train_dataloader.dataset
    (dataset if kind == 'plain' else dataset.dataset).pipeline[1] = FAILS
    refuse(demo_cfg, 'train_dataloader.dataset(.dataset)?.pipeline: LoadAnnotations fails')


def test_the_transform_inside_a_view_is_named(demo_cfg):
    views = demo_cfg.train_dataloader.dataset.unlabeled.pipeline[-1].views
    views.weak.insert(0, dict(type='Resize', scale=(16, 0)))
    refuse(demo_cfg, 'unlabeled.pipeline: Resize fails on the first image, .*: error: OpenCV')
