# UniMatch + IM on CamVid: two networks of UniMatch label the unlabeled images, and new ones learn
# from what these agree on, with UniMatch in every training.
_base_ = ['./im.py', '../../_base_/datasets/weak_strong_views.py']
strong = _base_.views.strong
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    *_base_.geometry,
    dict(type='MultiView', views=dict(weak=_base_.views.weak, strong1=strong, strong2=strong)),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=_base_.train_dataloader.dataset,
        unlabeled=dict(_base_.train_dataloader.dataset.unlabeled, pipeline=unlabeled_pipeline),
    )
)
model = dict(semi=dict(type='UniMatch', threshold=0.8))
# 80 updates an epoch, as many in all as a training of im.py
train_cfg = dict(max_epochs=38, val_interval=5)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=38, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
