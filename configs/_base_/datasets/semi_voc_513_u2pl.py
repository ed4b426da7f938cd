# Pascal VOC 2012 with the crop of U2PL (CVPR 2022), which has no strong view.
_base_ = './voc.py'
crop_size = (513, 513)
geometry = [
    dict(
        type='RandomChoice',  # as many images enlarged as made smaller
        transforms=[[dict(_base_.resize, ratio_range=r)] for r in ((0.5, 1.0), (1.0, 2.0))],
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
weak_strong = [*_base_.load, *geometry, dict(type='MultiView', views=dict(weak=_base_.weak))]
labeled_pipeline = [*_base_.load_labeled, *geometry, _base_.pack_labeled]
train_dataloader = dict(
    dataset=dict(labeled=dict(pipeline=labeled_pipeline), unlabeled=dict(pipeline=weak_strong)),
)
