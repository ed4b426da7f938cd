# SPDX-License-Identifier: Apache-2.0
"""What the hooks count, log, draw and refuse."""

import json
import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmseg.registry import TRANSFORMS

from mmseg_im.engine.hooks import mask_statistics
from mmseg_im.engine.hooks.mask_statistics import hidden_labels, mask_counts
from mmseg_im.labels.spaces import Binary, MultiClass, MultiLabel
from mmseg_im.methods.pseudo_label_loss import PseudoLabel


@pytest.mark.parametrize(
    'space', [MultiClass(4), Binary(), MultiLabel(3)], ids=lambda s: type(s).__name__
)
def test_counts_against_numpy(space):
    n, h, w, m = 2, 5, 7, space.num_maps
    prob = torch.rand(n, space.out_channels, h, w)
    mask, valid = torch.rand(n, 1, h, w) < 0.4, torch.rand(n, 1, h, w) < 0.8
    voted = torch.randint(space.num_labels, (n, m, h, w), dtype=torch.uint8)
    pseudo = PseudoLabel(
        label=torch.where(mask, 255, voted),
        prob=prob,
        confidence=space.confidence(prob, voted),
        inconsistent=mask,
        valid=valid,
        weight=(torch.rand(n, m, h, w) < 0.5).float(),
        finite=torch.ones(n, 1, 1, 1, dtype=torch.bool),
    )
    hidden = torch.randint(space.num_labels, (n, m, h, w))
    hidden[torch.rand(hidden.shape) < 0.2] = 255
    counts = {k: v.numpy() for k, v in mask_counts(space, pseudo, hidden).items()}

    mean = space.hard(prob).numpy()
    v = np.broadcast_to(valid.numpy(), mean.shape)
    im = np.broadcast_to(mask.numpy(), mean.shape) & v
    assert counts['valid'] == v.sum() and counts['masked'] == im.sum()
    carries = v & ~np.broadcast_to(mask.numpy(), mean.shape) & (pseudo.weight.numpy() > 0)
    assert counts['used'] == carries.sum()
    for key, where in (('class', v), ('class_masked', im)):
        if isinstance(space, MultiLabel):
            expected = ((mean == 1) & where).sum((0, 2, 3))
        else:
            expected = [((mean == c) & where).sum() for c in range(space.num_classes)]
        np.testing.assert_array_equal(counts[key], expected)
    truth = hidden.numpy()
    known = v & (truth != 255)
    assert counts['inside'] == (known & im).sum() and counts['outside'] == (known & ~im).sum()
    assert counts['inside_right'] == (known & im & (mean == truth)).sum()
    assert counts['outside_right'] == (known & ~im & (voted.numpy() == truth)).sum()


def train(cfg) -> tuple[Runner, list[dict]]:
    """Trains, and returns the runner and the scalars that the visualizer wrote."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    (path,) = Path(runner.log_dir).glob('vis_data/scalars.json')
    return runner, [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_logs_and_draws(demo_cfg):
    runner, scalars = train(demo_cfg)
    steps = [s for s in scalars if 'im/masked' in s]
    assert len(steps) == 8
    for step in steps:
        assert 0 <= step['im/masked'] <= 1 and 0 <= step['im/used'] <= 1
        assert np.isfinite(step['loss']) and 0 <= step['im/accuracy_outside'] <= 1
        # With threshold 0 every unmasked pixel carries a loss.
        assert step['im/masked'] + step['im/used'] == pytest.approx(1, abs=1e-6)
    by_class = [s for s in scalars if 'im/masked_of/disc' in s]
    assert len(by_class) == 8 and all(0 <= s['im/masked_of/disc'] <= 1 for s in by_class)
    epochs = [s for s in scalars if 'im/epoch/masked' in s]
    assert len(epochs) == 2
    first = [s['im/masked'] for s in steps[:4]]
    assert epochs[0]['im/epoch/masked'] == pytest.approx(np.mean(first), abs=0.02)  # by pixels
    pictures = sorted(Path(runner.log_dir).glob('vis_data/vis_image/*.png'))
    assert [steps_of(p) for p in pictures] == [1, 4, 8]
    panel = cv2.imread(str(pictures[0]))
    assert panel.shape[1] > 6 * 320 and panel.std() > 20  # with a tile of the true label
    assert 'Masked' in Path(runner.log_dir, f'{runner.timestamp}.log').read_text()


def steps_of(panel: Path) -> int:
    """The step of which a picture was drawn."""
    return int(panel.stem.removeprefix('semi_panel_'))


@pytest.mark.parametrize(
    ('interval', 'sup_only', 'drawn'),
    [(500, 0, [1, 4, 8]), (3, 0, [1, 3, 4, 6, 8]), (500, 2, [3, 4, 8])],
)
def test_a_short_run_has_panels(demo_cfg, interval, sup_only, drawn):
    """Of the first step that labels, before every validation, and at the interval."""
    demo_cfg.custom_hooks[2].update(interval=interval, num_samples=1)
    demo_cfg.model.sup_only_iters = sup_only
    runner, _ = train(demo_cfg)
    pictures = Path(runner.log_dir).glob('vis_data/vis_image/*.png')
    assert sorted(map(steps_of, pictures)) == drawn


def test_without_hidden_annotations_there_is_no_accuracy(demo_cfg):
    pipeline = demo_cfg.train_dataloader.dataset.unlabeled.pipeline
    pipeline[:] = [t for t in pipeline if t['type'] != 'LoadHiddenAnnotations']
    runner, scalars = train(demo_cfg)
    panel = next(Path(runner.log_dir).glob('vis_data/vis_image/*.png'))
    assert cv2.imread(str(panel)).shape[1] < 6 * 320
    assert any('im/masked' in s for s in scalars)
    assert not any('accuracy' in key for s in scalars for key in s)


def test_a_nan_teacher_is_named_once_and_training_goes_on(demo_cfg, caplog):
    """From the second step on, the teacher of the run returns NaN for one image of each batch."""
    runner = Runner.from_cfg(demo_cfg)
    teacher = runner.model.semi.teachers[0]
    vote = teacher.vote

    def broken(student, image):
        for logits in vote(student, image):
            logits[0, 0, 0, 0] = torch.nan
            yield logits

    teacher.vote = broken
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    runner.train()
    logger.removeHandler(caplog.handler)
    warnings = [r.getMessage() for r in caplog.records if 'returned NaN' in r.getMessage()]
    assert warnings and all(
        r.levelno == logging.WARNING for r in caplog.records if 'NaN' in r.getMessage()
    )
    named = [w.split(' for ')[1].split(':')[0] for w in warnings]
    assert len(named) == len(set(named)) and all(name.endswith('.png') for name in named)
    assert all(torch.isfinite(p).all() for p in runner.model.parameters())
    assert runner.iter == 8


def test_teachers_of_other_classes_stop_the_run(demo_cfg, tmp_path):
    from mmseg.registry import MODELS

    student = MODELS.build(dict(demo_cfg.model, semi=None))
    meta = dict(dataset_meta=dict(classes=('sky', 'disc', 'square', 'triangle')))
    torch.save(dict(state_dict=student.state_dict(), meta=meta), tmp_path / 'other.pth')
    demo_cfg.model.semi.teachers.append(
        dict(type='FrozenTeacher', checkpoint=str(tmp_path / 'other.pth'))
    )
    with pytest.raises(
        ValueError, match=r'teachers\[1\].checkpoint was trained on the classes sky'
    ):
        Runner.from_cfg(demo_cfg).train()


def test_hidden_labels_are_padded_to_the_batch():
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    sample = SegDataSample()
    assert hidden_labels([sample], (4, 5)) is None
    sample.set_data(dict(hidden_sem_seg=PixelData(data=torch.ones(1, 3, 2, dtype=torch.long))))
    label = hidden_labels([sample], (4, 5))
    assert label.shape == (1, 1, 4, 5) and (label == 255).sum() == 14


@pytest.mark.parametrize('by_epoch', [True, False])
def test_samples_follow_the_epoch_and_iteration_loops_do_not_repeat_them(demo_cfg, by_epoch):
    """A constant epoch would show an image with the same crop in every pass."""
    if not by_epoch:
        demo_cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=8, val_interval=100)
        demo_cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
        demo_cfg.param_scheduler = []
        demo_cfg.default_hooks.checkpoint = None
    runner = Runner.from_cfg(demo_cfg)
    seen = {}

    class Watch(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            for image, sample in zip(
                data_batch['inputs']['weak'], data_batch['data_samples']['weak'], strict=True
            ):
                seen.setdefault(sample.img_path, []).append(image)

    runner.register_hook(Watch())
    runner.train()
    pairs = [images for images in seen.values() if len(images) > 1]
    assert len(pairs) >= 4
    assert not all(torch.equal(a, b) for a, b, *_ in pairs)


@pytest.mark.parametrize('classes', [3, 7])
def test_a_head_with_other_classes_than_the_data_is_refused(demo_cfg, classes):
    demo_cfg.model.decode_head.num_classes = classes
    demo_cfg.model.semi = None
    with pytest.raises(ValueError, match=rf'num_classes is {classes}.* names 4 classes'):
        Runner.from_cfg(demo_cfg).train()


def test_an_epoch_that_would_never_end_is_refused(demo_cfg):
    demo_cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
    with pytest.raises(ValueError, match='InfiniteSampler, so an epoch'):
        Runner.from_cfg(demo_cfg).train()


def test_missing_validation_files_stop_the_run_before_training(demo_cfg):
    demo_cfg.val_dataloader.dataset.data_prefix.seg_map_path = 'annotations/test_of_nobody'
    with pytest.raises(FileNotFoundError, match='val_dataloader.dataset.*test_of_nobody'):
        Runner.from_cfg(demo_cfg).train()


def test_images_of_several_sizes_are_drawn_as_the_batch_was_padded(demo_cfg):
    """The first image of a batch need not be the largest."""
    demo_cfg.model.data_preprocessor.update(size=None, size_divisor=16)
    for pipeline in (
        demo_cfg.train_dataloader.dataset.unlabeled.pipeline,
        demo_cfg.train_dataloader.dataset.labeled.pipeline,
    ):
        pipeline[:] = [t for t in pipeline if t['type'] != 'RandomCrop']
    demo_cfg.custom_hooks[2].update(interval=1, num_samples=1)
    runner = Runner.from_cfg(demo_cfg)
    runner.train()
    assert len(list(Path(runner.log_dir).glob('vis_data/vis_image/*.png'))) == 8


def test_epochs_shorter_than_the_log_interval_are_logged(demo_cfg):
    demo_cfg.default_hooks.logger.interval = 50
    _, scalars = train(demo_cfg)
    assert len([s for s in scalars if 'im/masked' in s]) == 2  # one line an epoch


@pytest.mark.parametrize(('count', 'text'), [(0, None), (3, 'first 3 of 8 updates'), (8, 'All 8')])
def test_the_log_says_when_unlabeled_images_begin(demo_cfg, monkeypatch, count, text):
    demo_cfg.model.sup_only_iters = count
    runner = Runner.from_cfg(demo_cfg)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'InconsistencyHook')
    said: list[tuple[str, int]] = []
    monkeypatch.setattr(
        mask_statistics, 'print_log', lambda text, level=20, **_: said.append((text, level))
    )
    hook.before_train(runner)
    assert len(said) == (text is not None)
    if said:
        assert text in said[0][0] and (said[0][1] == logging.WARNING) == (count == 8)


@TRANSFORMS.register_module()
class MoreBandsForTest(BaseTransform):
    """Six bands of 16 bits, as of a satellite."""

    def transform(self, results):
        results['img'] = np.concatenate([results['img']] * 2, axis=2).astype(np.uint16) * 9
        return results


def test_images_of_six_bands_of_16_bits_train_and_are_drawn(demo_cfg):
    data = demo_cfg.train_dataloader.dataset
    for pipeline in (
        data.labeled.pipeline, data.unlabeled.pipeline, demo_cfg.val_dataloader.dataset.pipeline,
    ):  # fmt: skip
        pipeline.insert(1, dict(type='MoreBandsForTest'))
    strong = data.unlabeled.pipeline[-1].views.strong
    strong[:] = [t for t in strong if t['type'] == 'PackSemiInputs']
    preprocessor = demo_cfg.model.data_preprocessor
    preprocessor.update(mean=[900.0] * 6, std=[500.0] * 6)
    demo_cfg.model.backbone.in_channels = 6
    demo_cfg.model.semi.im.fill = [1, 2, 3, 4, 5, 600]
    demo_cfg.custom_hooks[2].update(interval=4, bands=[5, 0, 3])
    runner, _ = train(demo_cfg)
    assert runner.iter == 8
    pictures = sorted(Path(runner.log_dir).glob('vis_data/vis_image/*.png'))
    assert len(pictures) == 3  # of the first step, and of every fourth
    assert cv2.imread(str(pictures[0])).std() > 20


def test_a_panel_that_cannot_be_drawn_is_a_warning_once(demo_cfg):
    demo_cfg.custom_hooks[2].update(interval=1, bands=[0, 1, 7])
    runner, _ = train(demo_cfg)
    assert runner.iter == 8
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert log.count('the panel of iteration') == 1
    assert 'the images have the bands 0 to 2' in log
