# SUIM, underwater scenes of eight classes, 1/10 of the labels, for generational runs. The
# "unlabeled" images have labels, too: PseudoLabelQuality reports on the pseudo-labels, and no loss
# sees them. Expects data/suim as docs/datasets.md says.
_base_ = './generational.py'
data_root = 'data/suim'
crop_size = (256, 256)
# The study's crops of 256 to 512 pixels, brought to 256, but drawn anew in every epoch.
geometry = [
    dict(type='RandomResize', scale=(640, 480), ratio_range=(0.5, 1.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
resize = [dict(type='Resize', scale=(480, 360), keep_ratio=True)]
annotation = dict(type='LoadAnnotations')
pack = dict(type='PackSemiInputs')
noise = _base_.noises.skin
labeled_pipeline = [_base_.image, annotation, *geometry, pack]
before_noise = [_base_.image, annotation, _base_.mask, *geometry]
pseudo_labeled_pipeline = [*before_noise, _base_.filter_pixels, pack]
noisy_pipelines = [[*before_noise, step, _base_.filter_pixels, pack] for step in noise]
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
images = dict(type='SUIMDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        num_samples=1376,  # one pass over all training images, in every generation
        labeled=dict(**images, pipeline=labeled_pipeline),
        unlabeled=dict(**images, pipeline=pseudo_labeled_pipeline),
    ),
)
# one image at a time: they differ in size
val_dataloader = dict(dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
unlabeled_dataloader = dict(
    dataset=dict(**images, pipeline=[_base_.image, *resize, hidden, pack]),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = [val_evaluator, dict(type='PerImageIoUMetric')]
