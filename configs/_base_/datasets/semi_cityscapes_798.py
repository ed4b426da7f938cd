# Cityscapes with the views and the crop of UniMatch V2 (arXiv 2410.10777): 57 patches of 14.
_base_ = './cityscapes.py'
crop_size = (798, 798)
sliding_window = dict(mode='slide', crop_size=crop_size, stride=(532, 532))
ohem_loss = dict(min_kept=200_000, pixels=2 * 798 * 798)
ohem = dict(_base_.ohem_loss, **ohem_loss, _delete_=True)
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
split = 'splits/unimatch/1_16'
train_dataloader = dict(
    dataset=dict(
        split=split,
        labeled=dict(pipeline=labeled_pipeline),
        unlabeled=dict(pipeline=weak_strong),
    ),
)
# For methods in generations: the labeled images, and those that the networks before have labeled.
unlabeled_list = dict(ann_file=f'{split}/unlabeled.txt')
pseudo_labeled = dict(
    _delete_=True,
    type='PseudoLabeledDataset',
    labeled=dict(_base_.labeled, ann_file=f'{split}/labeled.txt', pipeline=labeled_pipeline),
    unlabeled=dict(
        _base_.unlabeled,
        **unlabeled_list,
        pipeline=[*_base_.load_pseudo_label, *geometry, *_base_.pack_pseudo_label],
    ),
)
unlabeled_dataloader_of_generations = dict(dataset=unlabeled_list)
