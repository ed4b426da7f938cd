# CamVid at half size (240x180), 1/8 labeled, the rest of the training images unlabeled.
# CamVid's "unlabeled" images have labels: LoadHiddenAnnotations lets the log say how often the
# pseudo-labels are right. No loss ever sees them; take the entry out where there are none.
_base_ = ['./camvid_240x180.py', './weak_strong_views.py']
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
