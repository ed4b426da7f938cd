# Cityscapes with the crop of U2PL (CVPR 2022), which has no strong view.
_base_ = './cityscapes.py'
crop_size = (769, 769)
sliding_window = dict(mode='slide', crop_size=crop_size, stride=(513, 513))
ohem_loss = dict(min_kept=100_000, pixels=2 * 769 * 769)
ohem = dict(_base_.ohem_loss, **ohem_loss, _delete_=True)
auxiliary_ohem = dict(_base_.ohem_loss, **ohem_loss, loss_weight=0.4)
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
split = 'splits/u2pl/1_16'
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
