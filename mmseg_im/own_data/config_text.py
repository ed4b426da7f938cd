# SPDX-License-Identifier: Apache-2.0
"""The text of the config that trains online, or supervised."""

import math
from dataclasses import dataclass

from .annotations import loader
from .scheme import Scheme

MARK = '# ' + '-' * 88 + ' the mark'
UPDATES = 2000  # of an online or supervised run
STRIDE = 16  # crops are multiples of it, for networks with up to four halvings


@dataclass(frozen=True)
class Facts:
    """What the configs depend on.

    Attributes:
        scheme (Scheme): Classes and label space.
        size (tuple[int, int]): Height and width to which images are brought.
        suffix (str): Of the images.
        labeled, unlabeled, val (int): Numbers of images.
    """

    scheme: Scheme
    size: tuple[int, int]
    suffix: str
    labeled: int
    unlabeled: int
    val: int


def crop_of(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width rounded down to multiples of ``STRIDE``, at least two of them."""
    return tuple(max(side // STRIDE, 2) * STRIDE for side in size)


def training_config(facts: Facts, name: str) -> str:
    """FixMatch with the mask; without unlabeled images, supervised training."""
    scheme = facts.scheme
    semi = facts.unlabeled > 0
    images = facts.unlabeled if semi else facts.labeled
    batch = min(4, images)
    times = 1 if semi else math.ceil(max(100, images) / images)
    epochs = max(20, math.ceil(UPDATES / (images * times // batch)))
    dataset = 'MultiLabelDataset' if scheme.label_space == 'multilabel' else 'BaseSegDataset'
    metric = _metric(scheme)
    of_epoch = 'the unlabeled images' if semi else f'the labeled images, {times} times'
    counts = (
        f'{facts.labeled} labeled, {facts.unlabeled} unlabeled and {facts.val} validation images'
    )
    method = 'FixMatch with the mask' if semi else 'Supervised: there are no unlabeled images'
    return f"""\
# {name}: {counts}, {scheme.label_space}.
# {method}. Edit the lines up to the mark.
data_root = "{{{{ fileDirname }}}}"  # the folder of this file
img_suffix = {facts.suffix!r}
classes = {_tuple(scheme.names)}
palette = {[list(colour) for colour in scheme.palette]}
scale = {facts.size[::-1]}  # width, height to which images are brought
crop_size = {crop_of(facts.size)}  # height, width; multiples of {STRIDE}
batch_size = {batch}
max_epochs = {epochs}  # an epoch is one pass over {of_epoch}
{MARK}
common = dict(
    type='{dataset}',
    data_root=data_root,
    metainfo=dict(classes=classes, palette=palette),
    img_suffix=img_suffix,
    seg_map_suffix='.png',
)
annotated = dict(img_path='images', seg_map_path='annotations')
geometry = [
    dict(type='RandomResize', scale=scale, ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
labeled = dict(
    **common,
    ann_file='labeled.txt',
    data_prefix=annotated,
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='{loader(scheme)}'),
        *geometry,
        dict(type='PackSemiInputs'),
    ],
)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='{loader(scheme)}'),
    dict(type='PackSemiInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', scale=scale, keep_ratio=True)],
            [dict(type='RandomFlip', prob=p, direction='horizontal') for p in (0.0, 1.0)],
            [dict(type='{loader(scheme)}')],
            [dict(type='PackSemiInputs')],
        ],
    ),
]
{_semi_dataset() if semi else _supervised_dataset(times)}
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=train_dataset,
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **common,
        ann_file='val.txt',
        data_prefix=annotated,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict({metric})
test_evaluator = val_evaluator
norm_cfg = dict(type='BN')
model = dict(
    type='SemiSegmentor',
    label_space='{scheme.label_space}',
    data_preprocessor=dict(
        type='MultiViewDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=crop_size,
        test_cfg=dict(size_divisor={STRIDE}),
    ),
    # a U-Net of 0.45 million parameters that trains from scratch on a CPU
    backbone=dict(
        type='UNet',
        base_channels=16,
        num_stages=4,
        strides=(2, 1, 1, 1),
        enc_num_convs=(2, 2, 2, 2),
        dec_num_convs=(2, 2, 2),
        downsamples=(True, True, True),
        enc_dilations=(1, 1, 1, 1),
        dec_dilations=(1, 1, 1),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='FCNHead',
        in_channels=16,
        in_index=3,
        channels=16,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=len(classes),{_binary_head(scheme)}
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),{_fixmatch() if semi else ''}
)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.01, fused=True),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=max_epochs, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
interval = max(max_epochs // 10, 1)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=interval)
val_cfg = dict(type='{'TeacherStudentValLoop' if semi else 'ValLoop'}')
test_cfg = dict(type='TestLoop')
custom_imports = dict(imports=['mmseg_im'], allow_failed_imports=False)
default_scope = 'mmseg'
runner_type = 'ResumableRunner'
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(
    type='LabelSpaceVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer'
)
log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
tta_model = dict(type='LabelSpaceTTAModel')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=interval, max_keep_ckpts=2),
    best=dict(type='KeepBestHook', metric='mIoU'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
)
custom_hooks = [{_hooks(semi)}]
"""


def _semi_dataset() -> str:
    return """\
views = dict(
    weak=[dict(type='PackSemiInputs')],
    strong=[
        dict(type='RandomApply', prob=0.8, transforms=[dict(type='ColorJitter')]),
        dict(
            type='RandomGrayscale',
            prob=0.2,
            keep_channels=True,
            channel_weights=(0.114, 0.587, 0.299),  # blue, green, red
        ),
        dict(type='RandomApply', prob=0.5, transforms=[dict(type='GaussianBlur')]),
        dict(type='PackSemiInputs'),
    ],
)
train_dataset = dict(
    type='SemiDataset',
    labeled=labeled,
    unlabeled=dict(
        **common,
        ann_file='unlabeled.txt',
        data_prefix=dict(img_path='images'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadEmptyAnnotations'),
            *geometry,
            dict(type='MultiView', views=views),
        ],
    ),
)"""


def _supervised_dataset(times: int) -> str:
    return f"train_dataset = dict(type='SeededDataset', times={times}, dataset=labeled)"


def _fixmatch() -> str:
    return """
    semi=dict(
        type='FixMatch',
        teachers=[
            dict(type='EMATeacher', momentum=0.02, views=['identity', 'hflip', 'scale0.75'],
                 size_divisor=16)
        ],
        threshold=0.8,
        im=dict(type='InconsistencyMask'),
    ),"""


def _binary_head(scheme: Scheme) -> str:
    if scheme.label_space != 'binary':
        return ''
    return '\n        out_channels=1,\n        threshold=0.5,'


def _metric(scheme: Scheme) -> str:
    if scheme.label_space == 'multilabel':
        return "type='MultiLabelIoUMetric'"
    return "type='ClassIoUMetric', iou_metrics=['mIoU']"


def _hooks(semi: bool) -> str:
    if not semi:
        return "dict(type='SeedHook'), dict(type='FiniteHook')"
    return """
    dict(type='SeedHook'),
    dict(type='InconsistencyHook'),
    dict(type='SemiVisualizationHook', interval=500),
    dict(type='FiniteHook'),
"""


def _tuple(names: tuple[str, ...]) -> str:
    return f'({", ".join(map(repr, names))})'
