# ISIC 2018 task 1, skin lesions at 256x256, 1/10 of the labels, for generational runs. The
# "unlabeled" images have labels, too: PseudoLabelQuality reports on the pseudo-labels, and no loss
# sees them. Expects data/isic2018 as docs/datasets.md says.
_base_ = './generational.py'
data_root = 'data/isic2018'
crop_size = (256, 256)
# All eight: mmseg's RandomRotFlip turns by a random quarter and always flips.
geometry = [
    dict(type='RandomRotFlip', rotate_prob=0.0, flip_prob=1.0),
    dict(type='RandomFlip', prob=0.5),
]
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
    test_pipeline=[_base_.image, annotation, _base_.test_candidate, _base_.pack_candidate],
    skip_classes=['background'],
)
test_pipeline = [_base_.image, annotation, pack]
hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{data_root}/images/train',
    seg_map_dir=f'{data_root}/annotations/train',
)
images = dict(type='ISIC2018Dataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        num_samples=2592,  # one pass over all training images, in every generation
        labeled=dict(**images, pipeline=labeled_pipeline),
        unlabeled=dict(**images, pipeline=pseudo_labeled_pipeline),
    ),
)
val_dataloader = dict(batch_size=32, dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
unlabeled_dataloader = dict(
    batch_size=32,
    dataset=dict(**images, pipeline=[_base_.image, hidden, pack]),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = [val_evaluator, dict(type='PerImageIoUMetric', classes=['lesion'])]
