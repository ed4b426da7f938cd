# CamVid at full size, 1/8 labeled, the rest of the training images unlabeled.
_base_ = ['./camvid.py', './weak_strong_views.py']
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    dict(type='RandomResize', scale=(480, 360), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=_base_.crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='MultiView', views=_base_.views),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=dict(
            type='CamVidDataset',
            data_root=_base_.data_root,
            ann_file='splits/1_8/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=_base_.train_pipeline,
        ),
        unlabeled=dict(
            type='CamVidDataset',
            data_root=_base_.data_root,
            ann_file='splits/1_8/unlabeled.txt',
            data_prefix=dict(img_path='images/train'),
            pipeline=unlabeled_pipeline,
        ),
    ),
)
