# Cityscapes at 208x416 as in the study, with the usual 19 classes, for generational runs; half of
# the official validation images validate and the other half test. Expects data/cityscapes as
# docs/datasets.md says, with splits/1_10 of its own.
_base_ = './generational.py'
data_root = 'data/cityscapes'
crop_size = (208, 416)
resize = [dict(type='Resize', scale=(416, 208), keep_ratio=False)]
geometry = [*resize, dict(type='RandomFlip', prob=0.5)]
annotation = dict(type='LoadAnnotations')
pack = dict(type='PackSemiInputs')
noise = _base_.noises.streets
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
images = dict(type='CityscapesDataset', data_root=data_root)
annotated = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
unannotated = dict(img_path='leftImg8bit/train')
train_dataloader = dict(
    dataset=dict(
        num_samples=2976,  # one pass over all training images, in every generation
        labeled=dict(**images, data_prefix=annotated, pipeline=labeled_pipeline),
        unlabeled=dict(**images, data_prefix=unannotated, pipeline=pseudo_labeled_pipeline),
    ),
)
official_val = dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val')
tested = dict(**images, data_prefix=official_val, pipeline=test_pipeline)
val_dataloader = dict(batch_size=8, dataset=dict(**tested, ann_file='splits/halves/val.txt'))
test_dataloader = dict(batch_size=8, dataset=dict(**tested, ann_file='splits/halves/test.txt'))
# Pseudo-labels have the size of the image files, which students resize again. Annotations have
# another suffix than images, so nothing reports on the pseudo-labels here.
unlabeled_dataloader = dict(
    batch_size=8,
    dataset=dict(**images, data_prefix=unannotated, pipeline=[_base_.image, *resize, pack]),
)
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = [val_evaluator, dict(type='PerImageIoUMetric')]
