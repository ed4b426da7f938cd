# Cityscapes with the views and the crop of AugSeg (CVPR 2023).
_base_ = ['./cityscapes.py', './weak_strong_views.py']
crop_size = (800, 800)
sliding_window = dict(mode='slide', crop_size=crop_size, stride=(533, 533))
ohem_loss = dict(
    type='ProbOHEMCrossEntropyLoss', thresh=0.7, min_kept=100_000, pixels=4 * 800 * 800
)  # fmt: skip
ohem = dict(_delete_=True, **ohem_loss)
geometry = [
    dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
load = [dict(type='LoadImageFromFile'), dict(type='LoadEmptyAnnotations')]
strong = [
    dict(type='RandomOperations', num=(1, 3), factors=(0.05, 0.95), exclude=['invert']),
    dict(type='PackSemiInputs'),
]
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
        split='splits/unimatch/1_16',
        labeled=dict(
            type='CityscapesDataset',
            data_root=_base_.data_root,
            data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                *geometry,
                dict(type='PackSegInputs'),
            ],
        ),
        unlabeled=dict(
            type='CityscapesDataset',
            data_root=_base_.data_root,
            data_prefix=dict(img_path='leftImg8bit/train'),
            pipeline=weak_strong,
        ),
    ),
)
