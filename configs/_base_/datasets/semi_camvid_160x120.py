# CamVid at a third of its size (160x120), 1/8 labeled, for the comparison of methods: a weak view,
# and strong views with the constants of UniMatch (CVPR 2023).
_base_ = ['./generational_camvid_160x120.py', './weak_strong_views.py']
before_views = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadEmptyAnnotations'),
    dict(
        type='LoadHiddenAnnotations',  # for the log; no loss ever sees them
        img_dir=f'{_base_.data_root}/images/train',
        seg_map_dir=f'{_base_.data_root}/annotations/train',
    ),
]
weak_strong = [*before_views, *_base_.geometry, dict(type='MultiView', views=_base_.views)]
strong = _base_.views.strong
two_views = dict(weak=_base_.views.weak, strong1=strong, strong2=strong)
two_strong = [*before_views, *_base_.geometry, dict(type='MultiView', views=two_views)]
unlabeled = dict(_base_.train_dataloader.dataset.unlabeled)
unlabeled['pipeline'] = weak_strong
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SemiDataset',
        labeled=_base_.train_dataloader.dataset.labeled,
        unlabeled=unlabeled,
    )
)
unlabeled_dataloader = None
unlabeled_evaluator = None
