# SPDX-License-Identifier: Apache-2.0
"""Smallest real objects that many tests share."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_im  # noqa: F401  (registers everything)

ROOT = Path(__file__).parents[1]
FILE_DATASETS = (
    'ADE20KDataset', 'BaseSegDataset', 'CamVidDataset', 'CityscapesDataset', 'HeLaDataset',
    'ISIC2018Dataset', 'MultiLabelDataset', 'PascalVOCDataset', 'ShapesDataset', 'SUIMDataset',
)  # fmt: skip
DATA = Path(os.environ.get('MMSEG_IM_DATA', ROOT.parent / 'shared' / 'data'))


@pytest.fixture(autouse=True)
def default_scope():
    """Names without a scope belong to mmseg, as in a Runner."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    np.random.seed(0)


def real_data(name: str) -> Path:
    """A folder of real files, which are no part of the project; without it, skips the test."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f'{folder} does not exist; set MMSEG_IM_DATA to the folder of the real data')
    return folder


@pytest.fixture
def camvid() -> str:
    """Folder of the real CamVid images."""
    return str(real_data('camvid'))


def pytest_configure() -> None:
    """With -n, the processes and those that they start share the cores instead of fighting."""
    workers = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 1))
    threads = max(1, torch.get_num_threads() // workers)
    torch.set_num_threads(threads)
    os.environ.setdefault('OMP_NUM_THREADS', str(threads))


def tiny_model(semi: dict | None = None, num_classes: int = 4, norm: str = 'BN', **head) -> dict:
    """Config of a segmentor with two convolution blocks."""
    norm_cfg = dict(type='GN', num_groups=2) if norm == 'GN' else dict(type=norm)
    return dict(
        type='SemiSegmentor',
        data_preprocessor=dict(
            type='MultiViewDataPreProcessor',
            mean=[120.0, 110.0, 100.0],
            std=[60.0, 55.0, 50.0],
            bgr_to_rgb=True,
            size=(32, 32),
        ),
        backbone=dict(
            type='UNet',
            base_channels=4,
            num_stages=2,
            strides=(1, 1),
            enc_num_convs=(1, 1),
            dec_num_convs=(1,),
            downsamples=(True,),
            enc_dilations=(1, 1),
            dec_dilations=(1,),
            norm_cfg=norm_cfg,
        ),
        decode_head=dict(
            type='FCNHead',
            in_channels=4,
            in_index=1,
            channels=4,
            num_convs=1,
            concat_input=False,
            dropout_ratio=0.0,
            num_classes=num_classes,
            norm_cfg=norm_cfg,
            **head,
        ),
        train_cfg=dict(),
        test_cfg=ConfigDict(mode='whole'),
        semi=semi,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs first the longest file, last what slows its process down: torch's compiler, profiler."""
    places = {'test_configs.py': -1, 'engine/test_compile.py': 1, 'benchmarks/test_step.py': 1}
    items.sort(key=lambda item: sum(v for name, v in places.items() if f'/{name}' in item.nodeid))


@pytest.fixture
def build_tiny():
    """Builds a tiny segmentor: ``build_tiny(semi, label_space='binary', out_channels=1)``."""

    def build(semi=None, label_space='multiclass', **kwargs):
        return MODELS.build(dict(tiny_model(semi, **kwargs), label_space=label_space))

    return build


def samples(label: torch.Tensor) -> list[SegDataSample]:
    """One data sample for each label map of (N, M, H, W)."""
    out = []
    for i, one in enumerate(label):
        sample = SegDataSample(metainfo=dict(img_path=f'image_{i}.png'))
        sample.gt_sem_seg = PixelData(data=one.long())
        out.append(sample)
    return out


@pytest.fixture
def batch():
    """Makes a normalised batch with views: ``batch(n, classes, maps, size)``."""

    def make(n=2, classes=4, maps=1, size=(32, 32), seed=0):
        rng = torch.Generator().manual_seed(seed)
        label = torch.randint(classes, (n, maps, *size), generator=rng)
        empty = torch.zeros(n, maps, *size, dtype=torch.long)
        weak = torch.randn(n, 3, *size, generator=rng)
        views = dict(
            sup=torch.randn(n, 3, *size, generator=rng),
            weak=weak,
            strong=weak + 0.1 * torch.randn(n, 3, *size, generator=rng),
        )
        return views, dict(sup=samples(label), weak=samples(empty), strong=samples(empty))

    return make


def shrink(cfg, size: int = 32) -> None:
    """Makes a config small in place: crops, sizes, loaders, widths; no pretrained weights.

    Args:
        cfg (Config): A config of this project.
        size (int): Side of crops and of the padded batch; of a vision transformer 28.
    """
    nodes = list(dicts(cfg._cfg_dict))
    kinds = {node.get('type') for node in nodes}
    if 'DINOv2' in kinds:
        size = 28
    if 'default_hooks' in cfg:
        cfg.default_hooks.pop('report', None)  # takes a second
    width = 8 if 'DINOv2' in kinds else 128
    changes = {
        'RandomCrop': dict(crop_size=(size, size)),
        'PadToSize': dict(size=(size, size)),
        'SyncBN': dict(type='BN'),
        'ResNetV1c': dict(base_channels=4, stem_channels=4, init_cfg=None),
        'DepthwiseSeparableASPPHead': dict(
            in_channels=128, c1_in_channels=16, channels=8, c1_channels=4
        ),
        'DINOv2': dict(
            arch=dict(embed_dims=8, depth=4, num_heads=2), out_indices=range(4), init_cfg=None
        ),
        'UniMatchDPTHead': dict(in_channels=[8] * 4, level_channels=[4] * 4, channels=4),
        'EfficientNetLite': dict(init_cfg=None),
        'PseudoLabeledDataset': dict(num_samples=4),
        'MultiViewDataPreProcessor': dict(size=(size, size)),
    }
    for node in nodes:
        kind = node.get('type')
        if kind in ('RandomResize', 'Resize') and 'scale' in node:
            node['scale'] = (2 * size, size)
        if kind == 'SemiDataset' and node.get('num_samples'):
            node['num_samples'] = 4
        if 'sup_only_iters' in node:
            node['sup_only_iters'] = 0  # so that a step is one of the method
        if kind == 'AdditiveUNet':
            node['alpha'] = 0.25
        if kind == 'FCNHead' and 'AdditiveUNet' in kinds:
            node.update(in_channels=4, channels=4)
        if kind == 'SegKC' and node['channels'][0] > 64:
            node['channels'] = (width, width)
        if kind == 'U2PL':
            node.update(dim=16, bank_size=64, max_keys=32, num_anchors=8)
            if node['in_channels'][0] > 64:
                node['in_channels'] = [16, 128]
        if kind == 'CorrMatch' and node['in_channels'] > 64:
            node['in_channels'] = width
        if kind == 'FCNHead' and node.get('in_channels') == 1024:  # the auxiliary head
            node.update(in_channels=64, channels=8)
        if node.get('mode') == 'slide':
            node.update(crop_size=(size, size), stride=(size // 2, size // 2))
        if 'num_workers' in node and 'batch_size' in node:
            node.update(batch_size=2, num_workers=0, persistent_workers=False)
        node.update(changes.get(kind, {}))


def dicts(value):
    """All dicts in a nested config."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        yield from dicts(item)


def make_demo_cfg(mini_shapes: dict, folder: Path) -> Config:
    """The demo's config, shrunk: two epochs of four steps on tiny shapes."""
    cfg = Config.fromfile(ROOT / 'configs/demo/fixmatch-im_unet-small_shapes.py')
    shrink(cfg)
    retarget(cfg, mini_shapes)
    cfg.work_dir = str(folder / 'work')
    rename(cfg, folder.name)
    cfg.model.pop('sup_only_iters')
    # class weights are divided by their sum in each process
    cfg.model.decode_head.loss_decode = dict(type='CrossEntropyLoss', avg_non_ignore=True)
    cfg.model.semi.teachers[0]['views'] = ['identity', 'hflip', 'vflip']  # a U-Net needs 16 pixels
    cfg.merge_from_dict(
        {
            'train_cfg.max_epochs': 2,
            'train_cfg.val_interval': 1,
            'param_scheduler.0.end': 2,
            'default_hooks.logger.interval': 1,
            'custom_hooks.2.interval': 4,
            'env_cfg.dist_cfg.backend': 'gloo',
        }
    )
    return cfg


@pytest.fixture
def demo_cfg(mini_shapes, tmp_path) -> Config:
    """See :func:`make_demo_cfg`."""
    return make_demo_cfg(mini_shapes, tmp_path)


def rename(cfg: Config, name: str) -> None:
    """Gives a run names of its own: a second Runner of a process would write to the first's."""
    cfg.experiment_name = name
    cfg.visualizer.name = name


def retarget(cfg: Config, values: dict) -> None:
    """Points every data set of a config, and hidden annotations, at another folder."""
    old = cfg.data_root

    def visit(node):
        if isinstance(node, dict):
            if node.get('type') in FILE_DATASETS:
                node.update(values)
            if node.get('type') == 'LoadHiddenAnnotations':
                for key in ('img_dir', 'seg_map_dir'):
                    node[key] = node[key].replace(old, values['data_root'])
            for value in node.values():
                visit(value)
        elif isinstance(node, list | tuple):
            for value in node:
                visit(value)

    visit(cfg._cfg_dict)
