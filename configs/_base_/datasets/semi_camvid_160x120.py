# CamVid at a third of its size (160x120), 1/8 labeled, for the comparison of methods: a weak view,
# and strong views with the constants of UniMatch (CVPR 2023).
_base_ = ['./generational_camvid_160x120.py', './weak_strong_views.py']
before_views = [*_base_.load, _base_.hidden, *_base_.geometry]  # hidden: for the log, no loss
weak_strong = [*before_views, dict(type='MultiView', views=_base_.views)]
two_strong = [*before_views, dict(type='MultiView', views=_base_.two_views)]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=_base_.train_dataloader.dataset.labeled,
        unlabeled=dict(_base_.train_dataloader.dataset.unlabeled, pipeline=weak_strong),
    )
)
unlabeled_dataloader = None
unlabeled_evaluator = None
