# CamVid at a third of its size (160x120), 1/8 of the labels, for generational runs. CamVid's
# "unlabeled" images have labels: PseudoLabelQuality reports on the pseudo-labels, and no loss
# sees them.
_base_ = './generational.py'
data_root = 'data/camvid'
crop_size = (96, 128)
geometry = [
    dict(type='RandomResize', scale=(160, 120), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
resize = [dict(type='Resize', scale=(160, 120), keep_ratio=True)]
annotation = dict(type='LoadAnnotations')
pack = dict(type='PackSegInputs')
noise = _base_.noises.streets
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
    test_pipeline=[_base_.image, annotation, _base_.test_candidate, *resize, _base_.pack_candidate],
)
test_pipeline = [_base_.image, *resize, annotation, pack]
hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{data_root}/images/train',
    seg_map_dir=f'{data_root}/annotations/train',
)
images = dict(type='CamVidDataset', data_root=data_root)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(
        labeled_ratio=0.5,
        num_samples=2400,  # 600 updates an epoch, in every generation
        labeled=dict(**images, ann_file='splits/1_8/labeled.txt', pipeline=labeled_pipeline),
        unlabeled=dict(
            **images, ann_file='splits/1_8/unlabeled.txt', pipeline=pseudo_labeled_pipeline
        ),
    ),
)
val_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
unlabeled_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        **images,
        ann_file='splits/1_8/unlabeled.txt',
        pipeline=[_base_.image, *resize, hidden, dict(type='PackSemiInputs')],
    ),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
