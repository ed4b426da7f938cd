# Pascal VOC 2012 with the views and the crop of iMAS (CVPR 2023).
_base_ = './voc.py'
crop_size = (513, 513)
geometry = [
    _base_.resize,
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
weak_strong = [*_base_.load, *geometry, dict(type='MultiView', views=_base_.imas_views)]
labeled_pipeline = [*_base_.load_labeled, *geometry, _base_.pack_labeled]
train_dataloader = dict(
    dataset=dict(labeled=dict(pipeline=labeled_pipeline), unlabeled=dict(pipeline=weak_strong)),
)
