# Consistency loss: a network that predicts the same from two noisy views. The original starts from
# the best labeled-only network: --cfg-options load_from=.../best.pth
_base_ = './labeled-only.py'
model = dict(semi=dict(type='ConsistencyLoss'))
view = [_base_.noise[1], dict(type='PackSemiInputs')]
unlabeled = dict(_base_.train_dataloader.dataset.unlabeled)
unlabeled['pipeline'] = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    *_base_.geometry,
    dict(type='MultiView', views=dict(strong1=view, strong2=view)),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=_base_.train_dataloader.dataset.labeled,
        unlabeled=unlabeled,
    )
)
