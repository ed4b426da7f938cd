# Pascal VOC 2012 with the crop of U2PL (CVPR 2022), which has no strong view.
_base_ = ['./voc.py', './weak_strong_views.py']
crop_size = (513, 513)
geometry = [
    dict(
        type='RandomChoice',  # as many images enlarged as made smaller
        transforms=[
            [dict(type='RandomResize', scale=(500, 500), ratio_range=r, keep_ratio=True)]
            for r in ((0.5, 1.0), (1.0, 2.0))
        ],
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
weak_strong = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    *geometry,
    dict(type='MultiView', views=dict(weak=_base_.views.weak)),
]
train_dataloader = dict(
    batch_size=4,  # labeled, and as many unlabeled images, on each of 4 GPUs
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='SemiDataset',
        split='splits/classic/92',
        labeled=dict(
            type='PascalVOCDataset',
            data_root=_base_.data_root,
            data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                *geometry,
                dict(type='PackSegInputs'),
            ],
        ),
        unlabeled=dict(
            type='PascalVOCDataset',
            data_root=_base_.data_root,
            data_prefix=dict(img_path='JPEGImages'),
            pipeline=weak_strong,
        ),
    ),
)
