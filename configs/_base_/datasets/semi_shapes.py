# Shapes, 12 images labeled and 148 unlabeled. The shapes know their true labels, so the report on
# the pseudo-labels (LoadHiddenAnnotations) is on; no loss ever sees them.
_base_ = ['./shapes.py', './weak_strong_views.py']
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    dict(
        type='LoadHiddenAnnotations',
        img_dir=f'{_base_.data_root}/images/train',
        seg_map_dir=f'{_base_.data_root}/annotations/train',
    ),
    dict(type='RandomResize', scale=_base_.crop_size, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=_base_.crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='MultiView', views=_base_.views),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=dict(
            type='ShapesDataset',
            data_root=_base_.data_root,
            ann_file='splits/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=_base_.train_pipeline,
        ),
        unlabeled=dict(
            type='ShapesDataset',
            data_root=_base_.data_root,
            ann_file='splits/unlabeled.txt',
            data_prefix=dict(img_path='images/train'),
            pipeline=unlabeled_pipeline,
        ),
    ),
)
