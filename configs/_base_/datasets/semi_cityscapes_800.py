# Cityscapes with the views and the crop of AugSeg (CVPR 2023).
_base_ = './cityscapes.py'
crop_size = (800, 800)
sliding_window = dict(mode='slide', crop_size=crop_size, stride=(533, 533))
ohem_loss = dict(min_kept=100_000, pixels=4 * 800 * 800)
ohem = dict(_base_.ohem_loss, **ohem_loss, _delete_=True)
geometry = [
    _base_.resize,
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
weak_strong = [*_base_.load, *geometry, dict(type='MultiView', views=_base_.augseg_views)]
labeled_pipeline = [*_base_.load_labeled, *geometry, _base_.pack_labeled]
split = 'splits/unimatch/1_16'
train_dataloader = dict(
    batch_size=4,
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
