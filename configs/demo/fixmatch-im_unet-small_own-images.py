# A template for your own images: copy this file and edit the lines up to the mark.
# Layout: data_root/images/NAME.jpg, data_root/annotations/NAME.png (class ids, 255 = unknown), and
# the lists labeled.txt, unlabeled.txt and val.txt with one NAME a line, without suffix.
_base_ = [
    '../_base_/models/unet_small.py',
    '../_base_/datasets/weak_strong_views.py',
    '../_base_/schedules/adamw_20e.py',
    '../_base_/default_runtime.py',
]
data_root = 'data/mine'
img_suffix = '.jpg'
classes = ('background', 'object')
palette = [[40, 40, 40], [230, 120, 50]]
scale = (240, 180)  # width, height to which images are brought
crop_size = (176, 240)  # height, width; multiples of 16 for this network
# An epoch is one pass over the unlabeled images: with few of them, take so many epochs that there
# are a thousand updates or more.
max_epochs = 100
labeled_first = 500  # updates that learn from the labeled images alone
# ---------------------------------------------------------------------------------------- the mark
metainfo = dict(classes=classes, palette=palette)
common = dict(
    type='BaseSegDataset',
    data_root=data_root,
    metainfo=metainfo,
    img_suffix=img_suffix,
    seg_map_suffix='.png',
)
geometry = [
    dict(type='RandomResize', scale=scale, ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    *geometry,
    dict(type='PackSegInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    *geometry,
    dict(type='MultiView', views=_base_.views),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
annotated = dict(img_path='images', seg_map_path='annotations')
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='SemiDataset',
        labeled=dict(
            **common, ann_file='labeled.txt', data_prefix=annotated, pipeline=labeled_pipeline
        ),
        unlabeled=dict(
            **common,
            ann_file='unlabeled.txt',
            data_prefix=dict(img_path='images'),
            pipeline=unlabeled_pipeline,
        ),
    ),
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
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=len(classes)),
    sup_only_iters=labeled_first,
    semi=dict(
        type='FixMatch',
        teachers=[
            dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip', 'scale0.75'],
                 size_divisor=16)
        ],
        threshold=0.0,  # the mask takes its place
        im=dict(type='InconsistencyMask'),
    ),
)  # fmt: skip
train_cfg = dict(max_epochs=max_epochs, val_interval=10)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=max_epochs, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
