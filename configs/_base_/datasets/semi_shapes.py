# Shapes, 12 images labeled and 148 unlabeled. The shapes know their true labels, so the report on
# the pseudo-labels (LoadHiddenAnnotations) is on; no loss ever sees them.
_base_ = ['./shapes.py', './weak_strong_views.py']
hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{_base_.data_root}/images/train',
    seg_map_dir=f'{_base_.data_root}/annotations/train',
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=dict(**_base_.labeled, pipeline=_base_.train_pipeline),
        unlabeled=dict(
            **_base_.unlabeled,
            pipeline=[
                *_base_.load,
                hidden,
                *_base_.geometry,
                dict(type='MultiView', views=_base_.views),
            ],
        ),
    ),
)
