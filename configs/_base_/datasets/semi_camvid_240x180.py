# CamVid at half size (240x180), 1/8 labeled, the rest of the training images unlabeled.
# CamVid's "unlabeled" images have labels: LoadHiddenAnnotations lets the log say how often the
# pseudo-labels are right. No loss ever sees them; take the entry out where there are none.
_base_ = ['./camvid_240x180.py', './weak_strong_views.py']
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    dict(
        type='LoadHiddenAnnotations',
        img_dir=f'{_base_.data_root}/images/train',
        seg_map_dir=f'{_base_.data_root}/annotations/train',
    ),
    dict(type='RandomResize', scale=(240, 180), ratio_range=(0.5, 2.0), keep_ratio=True),
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
