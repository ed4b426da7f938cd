# Patterned shapes that draw themselves under data_root, 12 of 160 images labeled, for generational
# runs. The shapes know their true labels: PseudoLabelQuality reports on the pseudo-labels, and no
# loss sees them.
_base_ = './generational.py'
data_root = 'data/shapes'
crop_size = (64, 64)
geometry = [
    dict(type='RandomResize', scale=crop_size, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
annotation = dict(type='LoadAnnotations')
pack = dict(type='PackSegInputs')
noise = _base_.noises.skin
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
    skip_classes=['background'],
)
test_pipeline = [_base_.image, annotation, pack]
hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{data_root}/images/train',
    seg_map_dir=f'{data_root}/annotations/train',
)
images = dict(type='ShapesDataset', data_root=data_root)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        labeled_ratio=0.5,
        num_samples=400,  # 50 updates an epoch, in every generation
        labeled=dict(**images, ann_file='splits/labeled.txt', pipeline=labeled_pipeline),
        unlabeled=dict(**images, ann_file='splits/unlabeled.txt', pipeline=pseudo_labeled_pipeline),
    ),
)
val_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
unlabeled_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        **images,
        ann_file='splits/unlabeled.txt',
        pipeline=[_base_.image, hidden, dict(type='PackSemiInputs')],
    ),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
