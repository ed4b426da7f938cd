# White blood cells under a microscope, 1/10 of the labels, multi-label, for the comparison of
# methods: a weak view, and strong views with the constants of UniMatch (CVPR 2023).
_base_ = ['./generational_wbc.py', './weak_strong_views.py']
before_views = [*_base_.load, _base_.hidden, *_base_.geometry]  # hidden: for the log, no loss
weak_strong = [*before_views, dict(type='MultiView', views=_base_.views)]
two_strong = [*before_views, dict(type='MultiView', views=_base_.two_views)]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=_base_.train_dataloader.dataset.labeled,
        unlabeled=dict(_base_.train_dataloader.dataset.unlabeled, pipeline=weak_strong),
    ),
)
unlabeled_dataloader = None
unlabeled_evaluator = None
