crop_size = (
    96,
    96,
)
custom_imports = dict(
    allow_failed_imports=False,
    imports=[
        'mmseg_im',
    ],
)
data_preprocessor = dict(
    bgr_to_rgb=True,
    mean=[
        123.675,
        116.28,
        103.53,
    ],
    pad_val=0,
    seg_pad_val=255,
    size=(
        32,
        32,
    ),
    std=[
        58.395,
        57.12,
        57.375,
    ],
    test_cfg=dict(size_divisor=16),
    type='MultiViewDataPreProcessor',
)
data_root = 'data/shapes'
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=2, save_best='mIoU', type='CheckpointHook'),
    logger=dict(interval=1, log_metric_by_epoch=False, type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'),
    visualization=dict(type='SegVisualizationHook'),
)
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=True,
    dist_cfg=dict(backend='gloo'),
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
)
experiment_name = 'entries0'
load_from = '/tmp/pytest-of-root/pytest-87/test_every_entry_refuses_predi0/pointers.pth'
log_level = 'WARNING'
log_processor = dict(by_epoch=True)
model = dict(
    backbone=dict(base_channels=8, norm_cfg=dict(type='BN'), type='UNet'),
    data_preprocessor=dict(
        bgr_to_rgb=True,
        mean=[
            123.675,
            116.28,
            103.53,
        ],
        pad_val=0,
        seg_pad_val=255,
        size=(
            32,
            32,
        ),
        std=[
            58.395,
            57.12,
            57.375,
        ],
        test_cfg=dict(size_divisor=16),
        type='MultiViewDataPreProcessor',
    ),
    decode_head=dict(
        align_corners=False,
        channels=8,
        concat_input=False,
        dropout_ratio=0.1,
        in_channels=8,
        in_index=4,
        loss_decode=dict(avg_non_ignore=True, type='CrossEntropyLoss'),
        norm_cfg=dict(type='BN'),
        num_classes=4,
        num_convs=1,
        type='FCNHead',
    ),
    test_cfg=dict(mode='whole'),
    train_cfg=dict(),
    type='SemiSegmentor',
)
norm_cfg = dict(type='BN')
randomness = dict(seed=0)
resume = False
test_cfg = dict(type='TestLoop')
test_dataloader = dict(
    batch_size=2,
    dataset=dict(
        data_prefix=dict(img_path='/tmp/pytest-of-root/pytest-87/test_every_entry_refuses_predi0'),
        img_suffix='.pth',
        metainfo=dict(
            classes=(
                'background',
                'disc',
                'square',
                'triangle',
            ),
            label_map=None,
            palette=[
                [
                    40,
                    40,
                    40,
                ],
                [
                    230,
                    120,
                    50,
                ],
                [
                    70,
                    150,
                    220,
                ],
                [
                    110,
                    190,
                    90,
                ],
            ],
            reduce_zero_label=False,
        ),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='PackSegInputs'),
        ],
        test_mode=True,
        type='BaseSegDataset',
    ),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'),
)
test_evaluator = dict(
    format_only=True,
    img_dir='/tmp/pytest-of-root/pytest-87/test_every_entry_refuses_predi0',
    output_dir='out',
    type='ClassIoUMetric',
)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
tta_model = dict(type='LabelSpaceTTAModel')
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    dict(
        img_dir='/tmp/pytest-of-root/pytest-87/data0/shapes/images/train',
        seg_map_dir='/tmp/pytest-of-root/pytest-87/data0/shapes/annotations/train',
        type='LoadHiddenAnnotations',
    ),
    dict(
        keep_ratio=True,
        ratio_range=(
            0.75,
            1.5,
        ),
        scale=(
            64,
            32,
        ),
        type='RandomResize',
    ),
    dict(
        crop_size=(
            32,
            32,
        ),
        type='RandomCrop',
    ),
    dict(prob=0.5, type='RandomFlip'),
    dict(
        type='MultiView',
        views=dict(
            strong=[
                dict(
                    prob=0.8,
                    transforms=[
                        dict(type='ColorJitter'),
                    ],
                    type='RandomApply',
                ),
                dict(
                    channel_weights=(
                        0.114,
                        0.587,
                        0.299,
                    ),
                    keep_channels=True,
                    prob=0.2,
                    type='RandomGrayscale',
                ),
                dict(
                    prob=0.5,
                    transforms=[
                        dict(type='GaussianBlur'),
                    ],
                    type='RandomApply',
                ),
                dict(type='PackSemiInputs'),
            ],
            weak=[
                dict(type='PackSemiInputs'),
            ],
        ),
    ),
]
views = dict(
    strong=[
        dict(
            prob=0.8,
            transforms=[
                dict(type='ColorJitter'),
            ],
            type='RandomApply',
        ),
        dict(
            channel_weights=(
                0.114,
                0.587,
                0.299,
            ),
            keep_channels=True,
            prob=0.2,
            type='RandomGrayscale',
        ),
        dict(
            prob=0.5,
            transforms=[
                dict(type='GaussianBlur'),
            ],
            type='RandomApply',
        ),
        dict(type='PackSemiInputs'),
    ],
    weak=[
        dict(type='PackSemiInputs'),
    ],
)
vis_backends = [
    dict(type='LocalVisBackend'),
]
visualizer = dict(
    name='entries0',
    type='LabelSpaceVisualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
    ],
)
work_dir = 'out'
