# Cityscapes with the crop of U2PL (CVPR 2022), which has no strong view.
_base_ = ['./cityscapes.py', './weak_strong_views.py']
crop_size = (769, 769)
sliding_window = dict(mode='slide', crop_size=crop_size, stride=(513, 513))
ohem_loss = dict(
    type='ProbOHEMCrossEntropyLoss', thresh=0.7, min_kept=100_000, pixels=2 * 769 * 769
)  # fmt: skip
ohem = dict(_delete_=True, **ohem_loss)
auxiliary_ohem = dict(ohem_loss, loss_weight=0.4)
geometry = [
    dict(
        type='RandomChoice',  # as many images enlarged as made smaller
        transforms=[
            [dict(type='RandomResize', scale=(2048, 1024), ratio_range=r, keep_ratio=True)]
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
    batch_size=2,  # labeled, and as many unlabeled images, on each of 8 GPUs
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='SemiDataset',
        split='splits/u2pl/1_16',
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
