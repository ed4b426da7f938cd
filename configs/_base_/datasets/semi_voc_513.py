# Pascal VOC 2012 with the views and the crop of iMAS (CVPR 2023).
_base_ = ['./voc.py', './weak_strong_views.py']
crop_size = (513, 513)
geometry = [
    # the long side; images of VOC have up to 500 pixels
    dict(type='RandomResize', scale=(500, 500), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
load = [dict(type='LoadImageFromFile'), dict(type='LoadEmptyAnnotations')]
strong = [dict(type='RandomOperations'), dict(type='PackSemiInputs')]
weak_strong = [
    *load,
    *geometry,
    dict(type='MultiView', views=dict(weak=_base_.views.weak, strong=strong)),
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
