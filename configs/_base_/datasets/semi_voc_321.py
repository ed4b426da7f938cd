# Pascal VOC 2012 with the views and the crop of UniMatch (CVPR 2023) for CNNs.
_base_ = './voc.py'
crop_size = (321, 321)
geometry = [
    _base_.resize,
    dict(type='PadToSize', size=crop_size),  # black, as published
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
weak_strong = [*_base_.load, *geometry, dict(type='MultiView', views=_base_.views)]
two_strong = [*_base_.load, *geometry, dict(type='MultiView', views=_base_.two_views)]
two_crops = [
    *_base_.load,
    dict(
        type='MultiView',
        views=dict(
            one=[*geometry, dict(type='MultiView', views=_base_.two_views)],
            other=[*geometry, dict(type='MultiView', views=_base_.mixed_views)],
        ),
    ),
]
labeled_pipeline = [*_base_.load_labeled, *geometry, _base_.pack_labeled]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(labeled=dict(pipeline=labeled_pipeline), unlabeled=dict(pipeline=weak_strong)),
)
