# ADE20K with the views and the crop of UniMatch V2: 37 patches of 14. Expects
# data/ade/ADEChallengeData2016 as docs/datasets.md says.
_base_ = './weak_strong_views.py'
data_root = 'data/ade/ADEChallengeData2016'
images = dict(type='ADE20KDataset', data_root=data_root)
crop_size = (518, 518)
geometry = [
    # mmcv's scale is (long, short): 512 is the usual short side of ADE20K's images
    dict(type='RandomResize', scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='PadToSize', size=crop_size),  # black, as published
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
annotation = dict(type='LoadAnnotations', reduce_zero_label=True)
train_dataloader = dict(
    batch_size=2,  # labeled, and as many unlabeled images, on each device
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='SemiDataset',
        split='splits/1_16',
        labeled=dict(
            **images,
            metainfo=dict(may_lack_classes=True),  # 150 classes on 316 images of the split 1/64
            data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
            pipeline=[dict(type='LoadImageFromFile'), annotation, *geometry, _base_.pack_labeled],
        ),
        unlabeled=dict(
            **images,
            data_prefix=dict(img_path='images/training'),
            pipeline=[*_base_.load, *geometry, dict(type='MultiView', views=_base_.two_views)],
        ),
    ),
)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeToPatches', patch=14),
    annotation,
    _base_.pack_labeled,
]
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **images,
        data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
