# SPDX-License-Identifier: Apache-2.0
"""The shipped configs against what the methods' authors published, written down in one table.

Where a config differs on purpose, its README says so, and the table holds the config's value with
a note.
"""

import inspect
import math

import pytest
import torch
from mmengine import Config
from mmseg.registry import MODELS

from tests.conftest import ROOT, dicts

# What every row has unless it says otherwise. An epoch is a pass over the unlabeled images;
# ``batch`` counts the labeled images of a device, of which there are ``devices``.
SGD = dict(
    optimizer=dict(type='SGD', momentum=0.9), power=0.9, stride=None, ohem=None, aux=None,
    dropout=0.0, low_level=48,
)  # fmt: skip
ADAMW = dict(SGD, optimizer=dict(type='AdamW', betas=(0.9, 0.999)), decay=0.01)
OS16 = dict(strides=(1, 2, 2, 1), layer3=(1, 1), layer4=(1, 2, 2), aspp=(1, 6, 12, 18))
OS16_GRID = dict(OS16, layer4=(2, 4, 8))
OS8_GRID = dict(strides=(1, 2, 1, 1), layer3=(1, 2), layer4=(4, 8, 16), aspp=(1, 12, 24, 36))

UNIMATCH = dict(
    type='UniMatch', teachers=[('SelfTeacher', None)], cutmix_prob=0.5, dropout=0.5,
    partner='image', sup_weight=0.5, unsup_weight=0.5,
)  # fmt: skip
V2 = dict(
    type='UniMatchV2', teachers=[('EMATeacher', 0.996)], threshold=0.95, cutmix_prob=0.5, keep=0.5,
    sup_weight=0.5, unsup_weight=0.5,
)  # fmt: skip
U2PL = dict(
    type='U2PL', teachers=[('EMATeacher', 0.99)], in_channels=[256, 2048], in_index=(0, 3),
    drop_percent=20, low_entropy=20, ranks=(3, 20), dim=256, bank_size=30_000,
    max_keys=512,  # not published: ours
    num_anchors=256, num_negatives=50, temperature=0.5, min_prob=0.3, cutmix_prob=0.5,
    sup_weight=1, unsup_weight=1,
)  # fmt: skip
IMAS = dict(type='IMAS', teachers=[('EMATeacher', 0.996)], sup_weight=1, unsup_weight=3)
AUGSEG = dict(type='AugSeg', sup_weight=1, unsup_weight=1)

UNIMATCH_CITYSCAPES = dict(
    SGD, **OS16, lr=0.005, decay=1e-4, head=1, epochs=240, batch=2, devices=4, crop=801, stride=534,
    ohem=(0.7, 200_000), semi=dict(UNIMATCH, threshold=0),
)  # fmt: skip
UNIMATCH_VOC = dict(
    SGD, **OS16, lr=0.001, decay=1e-4, head=10, epochs=80, batch=2, devices=4, crop=321,
    semi=dict(UNIMATCH, threshold=0.95),
)  # fmt: skip
V2_CITYSCAPES = dict(
    ADAMW, lr=5e-6, head=40, epochs=180, batch=2, devices=4, crop=798, stride=532,
    ohem=(0.7, 200_000), semi=V2,
)  # fmt: skip
V2_VOC = dict(ADAMW, lr=5e-6, head=40, epochs=60, batch=4, devices=4, crop=518, semi=V2)
V2_ADE20K = dict(V2_VOC, batch=2)
U2PL_CITYSCAPES = dict(
    SGD, **OS8_GRID, lr=0.01, decay=5e-4, head=1, epochs=200, batch=2, devices=8, crop=769,
    stride=513, ohem=(0.7, 100_000), aux=0.4, dropout=0.1, low_level=256,
    semi=dict(U2PL, contrast_weight=0.125),
)  # fmt: skip
U2PL_VOC = dict(
    SGD, **OS8_GRID, lr=0.001, decay=1e-4, head=10, epochs=80, batch=4, devices=4, crop=513,
    dropout=0.1, low_level=256,
    semi=dict(U2PL, contrast_weight=0.25),
)  # fmt: skip
IMAS_CITYSCAPES = dict(
    SGD, **OS16_GRID, lr=0.01, decay=5e-4, head=1, epochs=240, batch=4, devices=4, crop=769,
    stride=512, ohem=(0.7, 100_000), aux=0.4,
    semi=dict(IMAS, threshold=0.7, ignore_class=None),  # published: 0, which is road
)  # fmt: skip
IMAS_CITYSCAPES_OS8 = dict(IMAS_CITYSCAPES, **OS8_GRID) | dict(batch=2, devices=8)
IMAS_VOC = dict(
    SGD, **OS16_GRID, lr=0.001, decay=1e-4, head=10, epochs=80, batch=4, devices=4, crop=513,
    semi=dict(IMAS, threshold=0.95, ignore_class=0),
)  # fmt: skip
AUGSEG_CITYSCAPES = dict(
    SGD, **OS16_GRID, lr=0.01, decay=5e-4, head=1, epochs=240, batch=4, devices=4, crop=800,
    stride=533, ohem=(0.7, 100_000),
    semi=dict(AUGSEG, teachers=[('EMATeacher', 0.996)], threshold=0),
)  # fmt: skip
AUGSEG_VOC = dict(
    SGD, **OS16_GRID, lr=0.001, decay=1e-4, head=10, epochs=80, batch=4, devices=4, crop=513,
    semi=dict(AUGSEG, teachers=[('EMATeacher', 0.999)], threshold=0.95),
)  # fmt: skip

# folder, method, networks, data and crop, what was published
TABLE = [
    ('unimatch', 'unimatch', 'r50 r101', 'cityscapes-801x801', UNIMATCH_CITYSCAPES),
    ('unimatch', 'unimatch', 'r50 r101', 'voc-321x321', UNIMATCH_VOC),
    ('unimatch_v2', 'unimatch-v2', 's b', 'cityscapes-798x798', V2_CITYSCAPES),
    ('unimatch_v2', 'unimatch-v2', 's b', 'voc-518x518', V2_VOC),
    ('unimatch_v2', 'unimatch-v2', 's b', 'ade20k-518x518', V2_ADE20K),
    ('u2pl', 'u2pl', 'r50-d8 r101-d8', 'cityscapes-769x769', U2PL_CITYSCAPES),
    ('u2pl', 'u2pl', 'r50-d8 r101-d8', 'voc-513x513', U2PL_VOC),
    ('imas', 'imas', 'r50', 'cityscapes-769x769', IMAS_CITYSCAPES),
    ('imas', 'imas', 'r50-d8', 'cityscapes-769x769', IMAS_CITYSCAPES_OS8),
    ('imas', 'imas', 'r50 r101', 'voc-513x513', IMAS_VOC),
    ('augseg', 'augseg', 'r50 r101', 'cityscapes-800x800', AUGSEG_CITYSCAPES),
    ('augseg', 'augseg', 'r50 r101', 'voc-513x513', AUGSEG_VOC),
]
DINOV2 = dict(
    s=dict(width=384, levels=[48, 96, 192, 384], channels=64),
    b=dict(width=768, levels=[96, 192, 384, 768], channels=128),
)
NETWORKS = {
    f'r{depth}{suffix}': f'r{depth}{suffix or "-d16"}-deeplabv3plus'
    for depth in (50, 101)
    for suffix in ('', '-d8')
}
CLASSES = dict(cityscapes=19, voc=21, ade20k=150)


def cases():
    for folder, method, networks, data, published in TABLE:
        for i, network in enumerate(networks.split()):
            net = f'dinov2-{network}-dpt' if network in DINOV2 else NETWORKS[network]
            schedule = '{devices}xb{batch}-{epochs}e'.format(**published)
            for im in ('', '-im') if i == 0 else ('',):  # the others inherit from these
                name = f'{method}{im}_{net}_{schedule}_{data}'
                yield pytest.param(f'{folder}/{name}.py', network, published, id=name)


def semi_options(semi: dict) -> dict:
    """The method's options with its defaults; of a teacher its type and decay."""
    signature = inspect.signature(MODELS.get(semi['type']).__init__).parameters
    options = {k: p.default for k, p in signature.items() if p.default is not p.empty}
    options = {**options, **semi}
    options.pop('im')
    options['teachers'] = [
        (t['type'], 1 - t['momentum'] if 'momentum' in t else None) for t in options['teachers']
    ]
    return options


def head_multiplier(wrapper: dict) -> float:
    """Of the decode head, and there is no other change of rate or decay than of added heads."""
    keys = wrapper.get('paramwise_cfg', {}).get('custom_keys', {})
    assert set(wrapper) <= {'type', 'constructor', 'optimizer', 'paramwise_cfg'}
    assert set(wrapper.get('paramwise_cfg', {})) <= {'custom_keys'}
    assert set(keys) <= {'decode_head', 'semi.represent', 'semi.to_'}
    assert all(set(value) == {'lr_mult'} for value in keys.values())
    assert len({value['lr_mult'] for value in keys.values()}) <= 1
    return keys.get('decode_head', {}).get('lr_mult', 1)


def kept_on_a_device(loss: dict, pixels: int) -> tuple | None:
    """Threshold and number of hard pixels that a device keeps of its batch."""
    if loss['type'] == 'CrossEntropyLoss':
        assert loss['avg_non_ignore']
        return None
    assert loss['type'] == 'ProbOHEMCrossEntropyLoss'
    return loss['thresh'], round(loss['min_kept'] * pixels / loss['pixels'])


@pytest.mark.parametrize(('path', 'network', 'published'), list(cases()))
def test_constants(path, network, published):
    cfg = Config.fromfile(ROOT / 'configs' / path)
    wanted = dict(published)
    optimizer = dict(cfg.optim_wrapper.optimizer)
    assert optimizer.pop('fused')  # one kernel for all parameters, the same step
    assert optimizer.pop('lr') == wanted['lr']
    assert optimizer.pop('weight_decay') == wanted['decay']
    assert optimizer == wanted['optimizer']
    assert head_multiplier(cfg.optim_wrapper) == wanted['head']
    assert cfg.train_cfg.max_epochs == wanted['epochs']
    (schedule,) = cfg.param_scheduler
    assert schedule == dict(
        type='PolyLR', power=wanted['power'], begin=0, end=wanted['epochs'], eta_min=0,
        by_epoch=True, convert_to_iter_based=True,
    )  # fmt: skip

    side, batch = wanted['crop'], wanted['batch']
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.base_batch_size == batch * wanted['devices']
    dataset = cfg.train_dataloader.dataset
    for pipeline in (dataset.labeled.pipeline, dataset.unlabeled.pipeline):
        crops = {tuple(node['crop_size']) for node in dicts(pipeline) if 'crop_size' in node}
        assert crops == {(side, side)}
    assert tuple(cfg.model.data_preprocessor.size) == (side, side)
    if wanted['stride'] is None:
        assert cfg.model.test_cfg == dict(mode='whole')
    else:
        step = (wanted['stride'],) * 2
        assert cfg.model.test_cfg == dict(mode='slide', crop_size=(side, side), stride=step)

    options = semi_options(cfg.model.semi)
    expected = dict(wanted['semi'])
    for (kind, decay), (found, mine) in zip(
        expected.pop('teachers'), options.pop('teachers'), strict=True
    ):
        assert (kind, decay) == (found, mine and pytest.approx(mine))
    assert options == expected

    head, data = cfg.model.decode_head, path.split('_')[-1].split('-')[0]
    assert head.num_classes == CLASSES[data]
    assert kept_on_a_device(head.loss_decode, batch * side**2) == wanted['ohem']
    assert head.loss_decode.get('loss_weight', 1) == 1
    auxiliary = cfg.model.get('auxiliary_head')
    assert (auxiliary is None) == (wanted['aux'] is None)
    if auxiliary is not None:
        assert kept_on_a_device(auxiliary.loss_decode, batch * side**2) == wanted['ohem']
        assert auxiliary.loss_decode.loss_weight == wanted['aux']
        assert auxiliary.dropout_ratio == wanted['dropout']
        assert (auxiliary.in_index, auxiliary.in_channels, auxiliary.channels) == (2, 1024, 256)
    if network in DINOV2:
        size = DINOV2[network]
        assert cfg.model.backbone.arch == network and side % 14 == 0
        assert tuple(cfg.model.backbone.out_indices) == (2, 5, 8, 11)
        assert head.in_channels == [size['width']] * 4
        assert head.level_channels == size['levels'] and head.channels == size['channels']
    else:
        assert cfg.model.backbone.depth == int(network.removesuffix('-d8')[1:])
        assert head.dilations == wanted['aspp'] and head.channels == 256
        assert head.c1_channels == wanted['low_level'] and head.align_corners
        assert head.dropout_ratio == wanted['dropout']
        assert_blocks(cfg.model.backbone, wanted)


def assert_blocks(backbone: dict, wanted: dict) -> None:
    """Strides and dilations of the blocks that are built; the first and the others of layer3."""
    with torch.device('meta'):
        network = MODELS.build(dict(backbone, init_cfg=None))
    strides, dilations = [], {}
    for name in network.res_layers:
        blocks = [block.conv2 for block in getattr(network, name)]
        assert all(conv.kernel_size == (3, 3) for conv in blocks)
        assert all(conv.padding == conv.dilation for conv in blocks)
        strides.append(math.prod(conv.stride[0] for conv in blocks))
        dilations[name] = [conv.dilation[0] for conv in blocks]
    first, others = wanted['layer3']
    count = {50: 6, 101: 23}[backbone['depth']]
    assert tuple(strides) == wanted['strides']
    assert dilations == dict(
        layer1=[1] * 3, layer2=[1] * 4, layer3=[first] + [others] * (count - 1),
        layer4=list(wanted['layer4']),
    )  # fmt: skip
