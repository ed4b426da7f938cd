# Pascal VOC 2012 with the views and the crop of UniMatch V2: 37 patches of 14.
_base_ = ['./voc.py', './weak_strong_views.py']
crop_size = (518, 518)
geometry = [
    # the long side; images of VOC have up to 500 pixels
    dict(type='RandomResize', scale=(500, 500), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='PadToSize', size=crop_size),  # black, as published
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
load = [dict(type='LoadImageFromFile'), dict(type='LoadEmptyAnnotations')]
strong = _base_.views.strong
two_views = dict(weak=_base_.views.weak, strong1=strong, strong2=strong)
mixed_views = dict(mix_weak=_base_.views.weak, mix_strong1=strong, mix_strong2=strong)
weak_strong = [*load, *geometry, dict(type='MultiView', views=_base_.views)]
two_strong = [*load, *geometry, dict(type='MultiView', views=two_views)]
# Two crops of one image: the second is what UniMatch's published code pastes into the first.
two_crops = [
    *load,
    dict(
        type='MultiView',
        views=dict(
            one=[*geometry, dict(type='MultiView', views=two_views)],
            other=[*geometry, dict(type='MultiView', views=mixed_views)],
        ),
    ),
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
