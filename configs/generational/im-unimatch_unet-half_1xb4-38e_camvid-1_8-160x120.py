# Never trained here: tests make a step with it.
# UniMatch + IM on CamVid: two networks of UniMatch label the unlabeled images, and new ones learn
# from what these agree on, with UniMatch in every training.
_base_ = ['./im_unet-half_1xb4-5e_camvid-1_8-160x120.py', '../_base_/datasets/weak_strong_views.py']
unlabeled_pipeline = [
    *_base_.load,
    *_base_.geometry,
    dict(type='MultiView', views=_base_.two_views),
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
