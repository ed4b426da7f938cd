# SPDX-License-Identifier: Apache-2.0
"""The written configs train: every label space, online, supervised and in generations."""

import numpy as np
import pytest
from mmengine import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import RUNNERS, init_default_scope
from mmengine.runner import Runner
from mmseg.apis import inference_model, init_model
from mmseg.registry import DATASETS, MODELS

from mmseg_im.own_data.network_choices import NETWORKS
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.project import write_project
from mmseg_im.own_data.splitting import parse_ratio
from mmseg_im.own_data.survey import survey
from tests.conftest import ROOT, rename, shrink
from tests.own_data.conftest import SIZE, plant_flaws

OVERLAPPING = dict(thing=lambda label: label > 0, part=lambda label: label == 2)


def layers(label: np.ndarray) -> dict[str, np.ndarray]:
    return {name: 255 * where(label).astype(np.uint8) for name, where in OVERLAPPING.items()}


MASKS = dict(
    multiclass=lambda label: label,
    binary=lambda label: 255 * (label > 0).astype(np.uint8),
    multilabel=layers,
)


def make_project(images, masks, out, network='lite0'):
    found = survey(images, masks)
    plan = make_plan(found, parse_ratio('1/3'), network=network)
    assert write_project(plan, out, 'mine')
    return plan


def load(path, work_dir) -> Config:
    cfg = Config.fromfile(path)
    shrink(cfg)
    cfg.work_dir = str(work_dir)
    rename(cfg, f'{work_dir.parent.name}_{path.stem}')
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint.interval = 1
    cfg.param_scheduler[0].end = 1
    if 'num_samples' in cfg.train_dataloader.dataset:
        cfg.train_dataloader.dataset.num_samples = 4
    return cfg


def train(cfg: Config) -> dict:
    """One epoch; returns the last validation metrics."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner.val_loop.run()


@pytest.mark.parametrize('space', MASKS)
def test_online(space, folders, tmp_path):
    images, masks = folders(MASKS[space])
    if space == 'multiclass':
        plant_flaws(images, masks)
    make_project(images, masks, tmp_path / 'out')
    cfg = load(tmp_path / 'out/mine.py', tmp_path / 'work')
    assert cfg.model.label_space == space
    metrics = train(cfg)
    score = [value for key, value in metrics.items() if key.endswith('mIoU')]
    assert score and all(0 <= value <= 100 for value in score), metrics
    assert (tmp_path / 'work' / 'best.pth').is_file()
    assert (tmp_path / 'work' / 'best_teacher0.pth').is_file()
    best = 'IoU/foreground' if space == 'binary' else 'mIoU'
    assert cfg.default_hooks.best.metric == best and f'teacher0/{best}' in metrics


@pytest.mark.parametrize('network', NETWORKS)
@pytest.mark.parametrize('unlabeled', [0, 4])
def test_every_network_makes_a_step(network, unlabeled, folders, tmp_path):
    """With weights beside it or not: those of r50 and dinov2-s are not looked for here."""
    images, masks = folders(MASKS['multiclass'], count=6 + unlabeled)
    make_project(images, masks, tmp_path / 'out', network)
    cfg = Config.fromfile(tmp_path / 'out/mine.py')
    assert (cfg.get('weights') or '') == NETWORKS[network].weights
    if NETWORKS[network].weights:
        assert cfg.model.backbone.init_cfg.checkpoint == cfg.weights
    divisor = NETWORKS[network].divisor
    assert all(side % divisor == 0 for side in cfg.crop_size)
    rates = cfg.optim_wrapper.get('paramwise_cfg', {}).get('custom_keys', {})
    assert ('backbone' in rates) == (network == 'lite0')
    cfg = load(tmp_path / 'out/mine.py', tmp_path / 'work')
    if unlabeled:
        assert cfg.model.semi.teachers[0].size_divisor == divisor
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    runner = Runner.from_cfg(cfg)
    data = pseudo_collate([runner.train_dataloader.dataset[i] for i in range(2)])
    losses = runner.model(**runner.model.data_preprocessor(data, True), mode='loss')
    assert all(value.isfinite().all() for value in losses.values() if hasattr(value, 'isfinite'))
    if network == 'dinov2-s':  # an image of any size
        assert Config.fromfile(tmp_path / 'out/mine.py').model.data_preprocessor.test_cfg == dict(
            size_divisor=14
        )


@pytest.mark.parametrize('space', ['binary', 'multilabel'])
def test_generations(space, folders, tmp_path):
    make_project(*folders(MASKS[space]), tmp_path / 'out')
    cfg = load(tmp_path / 'out/mine_generations.py', tmp_path / 'work')
    cfg.generations.num_generations = 1
    RUNNERS.build(cfg).train()
    assert (tmp_path / 'work/report.html').is_file()
    label = 'thing/img 6ä.png' if space == 'multilabel' else 'img 6ä.png'
    assert (tmp_path / 'work/generation_0/labels/labels' / label).is_file()
    assert (tmp_path / 'work/generation_1/student_1/best.pth').is_file()


def test_supervised_without_unlabeled_images(folders, tmp_path):
    plan = make_project(*folders(MASKS['multiclass'], count=6), tmp_path / 'out')
    assert plan.facts.unlabeled == 0
    files = {path.name for path in (tmp_path / 'out').iterdir()}
    lists = {'labeled.txt', 'val.txt'}
    assert files == {'_base_', 'images', 'annotations', 'classes.csv', 'mine.py', *lists}
    cfg = load(tmp_path / 'out/mine.py', tmp_path / 'work')
    assert 'semi' not in cfg.model and cfg.train_dataloader.dataset.type == 'SeededDataset'
    cfg.train_dataloader.dataset.times = 1
    assert cfg.train_cfg.max_epochs == 1 and cfg.default_hooks.best.patience == 0
    assert 0 <= train(cfg)['mIoU'] <= 100


def test_generations_differ_from_the_template_in_nothing_else(folders, tmp_path):
    """The shipped template is another way to the same training."""
    make_project(*folders(suffix='.jpg'), tmp_path / 'out', network='unet')
    found = Config.fromfile(tmp_path / 'out/mine_generations.py')
    template = Config.fromfile(ROOT / 'configs/demo/im_generations_own-images.py')
    assert found.generations == template.generations
    assert found.optim_wrapper == template.optim_wrapper
    assert found.param_scheduler == template.param_scheduler
    assert found.env_cfg == template.env_cfg and found.val_evaluator == template.val_evaluator
    assert found.default_hooks.best.pop('patience') == 0  # which a user may edit
    assert found.default_hooks == template.default_hooks
    assert found.model.backbone == template.model.backbone
    loss = dict(type='WeightedCrossEntropyLoss', class_weight=found.class_weight)
    head = dict(template.model.decode_head, num_classes=3, loss_decode=[loss])
    assert found.model.decode_head == head
    assert found.generations.metric == found.default_hooks.best.metric == 'mIoU'


def test_online_differs_from_the_template_in_nothing_else(folders, tmp_path):
    make_project(*folders(suffix='.jpg'), tmp_path / 'out', network='unet')
    found = Config.fromfile(tmp_path / 'out/mine.py')
    template = Config.fromfile(ROOT / 'configs/demo/fixmatch-im_unet-small_own-images.py')
    assert found.model.semi == template.model.semi
    assert found.optim_wrapper == template.optim_wrapper
    assert found.custom_hooks == template.custom_hooks
    assert found.val_cfg == template.val_cfg
    views = found.train_dataloader.dataset.unlabeled.pipeline
    assert views[-1] == template.train_dataloader.dataset.unlabeled.pipeline[-1]


@pytest.mark.parametrize('space', MASKS)
def test_inference_of_a_single_image(space, folders, tmp_path):
    images, masks = folders(MASKS[space])
    make_project(images, masks, tmp_path / 'out')
    cfg = Config.fromfile(tmp_path / 'out/mine.py')
    assert cfg.visualizer.type == 'LabelSpaceVisualizer'
    model = init_model(cfg, None, device='cpu')
    path = str(next(images.iterdir()))
    label = inference_model(model, path).pred_sem_seg.data
    channels = 2 if space == 'multilabel' else 1
    assert label.shape == (channels, *SIZE)
    assert label.max() < (3 if space == 'multiclass' else 2)


@pytest.mark.parametrize('space', MASKS)
def test_augmentation_at_test_time(space, folders, tmp_path):
    make_project(*folders(MASKS[space]), tmp_path / 'out')
    cfg = Config.fromfile(tmp_path / 'out/mine.py')
    init_default_scope('mmseg')
    dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'pipeline': cfg.tta_pipeline})
    data = pseudo_collate([dataset[0]])
    model = MODELS.build(dict(cfg.tta_model, module=cfg.model)).eval()
    plain, flipped = (views[0] for views in data['inputs'])
    np.testing.assert_array_equal(plain.numpy(), flipped.numpy()[..., ::-1])
    result = model.test_step(data)[0]
    assert result.pred_sem_seg.data.shape == (2 if space == 'multilabel' else 1, *SIZE)
