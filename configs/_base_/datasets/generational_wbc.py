# White blood cells under a microscope, 1/10 of the labels: two classes that overlap (the nucleus
# lies inside the cell), one annotation for each. The "unlabeled" images have labels, too:
# PseudoLabelQuality reports on the pseudo-labels, and no loss sees them.
_base_ = './generational.py'
data_root = 'data/wbc'
crop_size = (96, 96)
metainfo = dict(classes=('cell', 'nucleus'), palette=[[230, 120, 50], [70, 150, 220]])
geometry = [
    dict(type='RandomResize', scale=(112, 112), ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=[0.25, 0.25], direction=['horizontal', 'vertical']),
]
annotation = dict(type='LoadMultiLabelAnnotations')
pack = dict(type='PackSemiInputs')
noise = _base_.noises.cells
labeled_pipeline = [_base_.image, annotation, *geometry, pack]
strong_labeled_pipeline = [_base_.image, annotation, *geometry, noise[4], pack]
before_noise = [_base_.image, annotation, _base_.mask, *geometry]
pseudo_labeled_pipeline = [*before_noise, _base_.filter_pixels, pack]
noisy_pipelines = [[*before_noise, step, _base_.filter_pixels, pack] for step in noise]
view = [noise[1], dict(type='PackSemiInputs')]
both = dict(type='MultiView', views=dict(strong1=view, strong2=view))
two_noisy_views = [*_base_.load_unlabeled, *geometry, both]
judge = [*geometry, noise[0], _base_.pack_candidate]
quality_network = dict(
    pipeline=[_base_.image, annotation, _base_.candidate, *judge],
    test_pipeline=[_base_.image, annotation, _base_.test_candidate, _base_.pack_candidate],
)
test_pipeline = [_base_.image, annotation, pack]
hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{data_root}/images/train',
    seg_map_dir=f'{data_root}/annotations/train',
    classes=metainfo['classes'],
)
images = dict(
    type='MultiLabelDataset',
    data_root=data_root,
    metainfo=metainfo,
    img_suffix='.png',
)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        labeled_ratio=0.5,
        num_samples=1280,  # 160 updates an epoch, in every generation
        labeled=dict(**images, pipeline=labeled_pipeline),
        unlabeled=dict(**images, pipeline=pseudo_labeled_pipeline),
    ),
)
# one image at a time: they differ in size
val_dataloader = dict(num_workers=1, dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
unlabeled_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(**images, pipeline=[_base_.image, hidden, pack]),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='MultiLabelIoUMetric')
test_evaluator = val_evaluator
