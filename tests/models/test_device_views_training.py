# SPDX-License-Identifier: Apache-2.0
"""The data preprocessor with views of its own: padding, losses, a run, the config of the docs."""

from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample

from mmseg_im.errors import UserError
from tests.conftest import ROOT, rename, retarget, shrink, tiny_model
from tests.models.test_device_views import OFF, STILL, TWO, smooth_image, tensor


def loader_batch(sizes, sources=('weak',)) -> dict:
    """What a loader with the views ``sup`` and ``sources`` gives: images of these sizes."""
    inputs, samples = {}, {}
    for name in ('sup', *sources):
        inputs[name] = [tensor(smooth_image(i, size)) for i, size in enumerate(sizes)]
        samples[name] = [
            SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, *size).long())) for size in sizes
        ]
    return dict(inputs=inputs, data_samples=samples)


def preprocessor(views=TWO, **kwargs):
    cfg = dict(tiny_model()['data_preprocessor'], **kwargs)
    options = {k: cfg.pop(k) for k in (*OFF, *STILL) if k in cfg}
    return MODELS.build(
        dict(cfg, device_views=dict(type='DeviceStrongViews', views=views, **options))
    )


@pytest.mark.parametrize('fixed', [True, False], ids=['size', 'size_divisor'])
def test_views_are_aligned_and_padding_stays_padding(fixed):
    sizes = [(24, 32), (32, 20)]
    shape = dict(size=(32, 32)) if fixed else dict(size=None, size_divisor=16)
    still = preprocessor(**OFF, **shape, pad_val=7)(loader_batch(sizes), training=True)
    out = preprocessor(**shape, pad_val=7, jitter_prob=1.0)(loader_batch(sizes), training=True)
    assert list(out['inputs']) == ['sup', 'weak', 'strong1', 'strong2']
    for name in TWO['weak']:
        torch.testing.assert_close(still['inputs'][name], still['inputs']['weak'])
        for i, (height, width) in enumerate(sizes):
            padding = torch.ones(32, 32, dtype=torch.bool)
            padding[:height, :width] = False
            image, sample = out['inputs'][name][i], out['data_samples'][name][i]
            assert (image[:, padding] == 7).all()
            assert torch.equal(sample.gt_sem_seg.data[0] == 255, padding)
            assert not torch.allclose(image[:, ~padding], out['inputs']['weak'][i][:, ~padding])
    for name in ('sup', 'weak'):
        torch.testing.assert_close(out['inputs'][name], still['inputs'][name])


def test_a_view_keeps_its_edges():
    """Two halves of one colour each: wherever the colours went, the edge is where it was."""
    batch = loader_batch([(32, 32)])
    batch['inputs']['weak'][0][:] = 40
    batch['inputs']['weak'][0][:, :, 11:] = 200
    out = preprocessor(blur_prob=0.0, jitter_prob=1.0)(batch, training=True)['inputs']
    for name in TWO['weak']:
        steps = out[name][0].diff(dim=2).abs().amax(dim=(0, 1))
        assert steps.argmax() == 10 and steps.sum() == pytest.approx(steps[10].item())


def test_two_crops_have_strong_views_of_their_own():
    views = dict(weak=['strong1'], mix_weak=['mix_strong1'])
    batch = loader_batch([(32, 32)] * 2, sources=('weak', 'mix_weak'))
    batch['inputs']['mix_weak'].reverse()
    out = preprocessor(views, **OFF)(batch, training=True)
    for source, (name,) in views.items():
        torch.testing.assert_close(out['inputs'][name], out['inputs'][source])
        assert out['data_samples'][name] is out['data_samples'][source]


def test_batches_of_other_kinds_are_untouched():
    plain, made = MODELS.build(tiny_model()['data_preprocessor']), preprocessor()
    for training in (True, False):
        batches = [
            {key: value['weak'] for key, value in loader_batch([(32, 32)] * 2).items()}
            for _ in range(2)
        ]
        expected, found = plain(batches[0], training), made(batches[1], training)
        assert torch.equal(found['inputs'], expected['inputs'])
    assert list(made(loader_batch([(32, 32)]), training=False)['inputs']) == ['sup', 'weak']


METHODS = dict(
    FixMatch=(dict(teachers=[dict(type='EMATeacher')], threshold=0.0), ['strong']),
    UniMatchV2=(dict(teachers=[dict(type='EMATeacher')], threshold=0.0), TWO['weak']),
)


@pytest.mark.parametrize('method', METHODS)
def test_a_step_from_a_loader_with_the_weak_view_alone(method):
    options, names = METHODS[method]
    cfg = tiny_model(dict(type=method, **options))
    cfg['data_preprocessor']['device_views'] = dict(
        type='DeviceStrongViews', views=dict(weak=names)
    )
    model = MODELS.build(cfg).train()
    batch = loader_batch([(32, 32), (24, 32)])
    data = model.data_preprocessor(batch, training=True)
    losses = model(**data, mode='loss')
    total = model.parse_losses(losses)[0]
    total.backward()
    assert losses.keys() > {'decode.loss_ce'} and any(key.startswith('unsup.') for key in losses)
    assert total.isfinite() and model.decode_head.conv_seg.weight.grad.abs().sum() > 0
    with pytest.raises(UserError, match='needs the views strong'):
        model.data_preprocessor.device_views = None
        model(**model.data_preprocessor(loader_batch([(32, 32)] * 2), True), mode='loss')


def test_a_resumed_run_equals_an_undisturbed_one(demo_cfg):
    """The demo with one view from the loader: two epochs, and the second of them again."""
    demo_cfg.train_dataloader.dataset.unlabeled.pipeline[-1].views = dict(
        weak=[dict(type='PackSemiInputs')]
    )
    demo_cfg.model.data_preprocessor.device_views = dict(
        type='DeviceStrongViews', views=dict(weak=['strong'])
    )
    demo_cfg.train_dataloader.dataset.num_samples = 4  # two steps an epoch
    demo_cfg.randomness = dict(seed=1)
    demo_cfg.default_hooks.checkpoint.update(interval=1, max_keep_ckpts=2)
    weights, work_dir = [], Path(demo_cfg.work_dir)
    for name in ('whole', 'resumed'):
        cfg = Config(demo_cfg.to_dict())
        cfg.work_dir = str(work_dir / name)
        rename(cfg, f'{work_dir.parent.name}_{name}')
        if name == 'resumed':
            torch.rand(3)
            cfg.update(resume=True, load_from=str(work_dir / 'whole' / 'epoch_1.pth'))
        runner = Runner.from_cfg(cfg)
        runner.train()
        assert runner.iter == 4
        weights.append(runner.model.state_dict())
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())


def test_the_config_of_the_docs(mini_cityscapes, tmp_path):
    text = (ROOT / 'docs/benchmarks.md').read_text().split('## When the loader cannot keep up')[1]
    code = text.split('```python\n')[1].split('```')[0]
    assert len(code.splitlines()) <= 8
    path = tmp_path / 'device.py'
    path.write_text(code.replace("'./", f"'{ROOT}/configs/unimatch/"))
    cfg = Config.fromfile(path)
    shrink(cfg)
    retarget(cfg, dict(data_root=mini_cityscapes))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert list(batch['inputs']) == ['sup', 'weak', 'mix_weak']
    model = MODELS.build(cfg.model).train()
    data = model.data_preprocessor(batch, training=True)
    assert data['inputs'].keys() > set(model.semi.views)
    assert model.parse_losses(model(**data, mode='loss'))[0].isfinite()
