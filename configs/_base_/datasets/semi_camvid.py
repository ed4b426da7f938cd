# CamVid at full size, 1/8 labeled, the rest of the training images unlabeled.
_base_ = ['./camvid.py', './weak_strong_views.py']
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=dict(**_base_.labeled, pipeline=_base_.train_pipeline),
        unlabeled=dict(
            **_base_.unlabeled,
            pipeline=[
                *_base_.load,
                *_base_.geometry,
                dict(type='MultiView', views=_base_.views),
            ],
        ),
    ),
)
