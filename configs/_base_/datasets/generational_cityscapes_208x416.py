# Cityscapes at 208x416 as in the study, with the usual 19 classes, for generational runs; half of
# the official validation images validate and the other half test. Expects data/cityscapes as
# docs/datasets.md says, with splits/1_10 of its own.
data_root = 'data/cityscapes'
crop_size = (208, 416)
resize = [dict(type='Resize', scale=(416, 208), keep_ratio=False)]
geometry = [*resize, dict(type='RandomFlip', prob=0.5)]
load = dict(type='LoadAnnotations')
pack = dict(type='PackSemiInputs')
before_noise = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='LoadInconsistencyMask'),
    *geometry,
]
after_noise = [dict(type='FilterInconsistentPixels'), pack]
labeled_pipeline = [dict(type='LoadImageFromFile'), load, *geometry, pack]
# The noise of the study for the first to the fifth generation of students.
noise = [
    dict(type='NoisyStudentDistortion', contrast=0.05, brightness=3, blur=0, noise=3),
    dict(type='NoisyStudentDistortion', contrast=0.1, brightness=6, blur=0, noise=6),
    dict(type='NoisyStudentDistortion', contrast=0.2, brightness=9, blur=0, noise=9),
    dict(type='NoisyStudentDistortion', contrast=0.3, brightness=12, blur=0, noise=12),
    dict(type='NoisyStudentDistortion', contrast=0.4, brightness=15, blur=1, noise=15),
]
alphas = (1.0, 1.25, 1.5, 1.75, 2.0)  # the width of the network, likewise
# For the quality network: an image, its annotation, and a label of other networks to judge.
quality_pipeline = [
    dict(type='LoadImageFromFile'),
    load,
    dict(type='LoadCandidate', kernels=(0, 3, 5)),
    *geometry,
    noise[0],
    dict(type='PackCandidate'),
]
quality_test_pipeline = [
    dict(type='LoadImageFromFile'),
    load,
    dict(type='LoadCandidate'),
    *resize,
    dict(type='PackCandidate'),
]
test_pipeline = [dict(type='LoadImageFromFile'), *resize, load, pack]
images = dict(type='CityscapesDataset', data_root=data_root)
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoLabeledDataset',
        labeled_ratio=0.1,
        num_samples=2976,  # one pass over all training images, in every generation
        labeled=dict(
            **images,
            ann_file='splits/1_10/labeled.txt',
            data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
            pipeline=labeled_pipeline,
        ),
        unlabeled=dict(
            **images,
            ann_file='splits/1_10/unlabeled.txt',
            data_prefix=dict(img_path='leftImg8bit/train'),
            pipeline=[*before_noise, *after_noise],
        ),
    ),
)
loader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_dataloader = dict(
    **loader,
    dataset=dict(
        **images,
        ann_file='splits/halves/val.txt',
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    **loader,
    dataset=dict(
        **images,
        ann_file='splits/halves/test.txt',
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
# Pseudo-labels have the size of the image files, which students resize again. Annotations have
# another suffix than images, so nothing reports on the pseudo-labels here.
unlabeled_dataloader = dict(
    **loader,
    dataset=dict(
        **images,
        ann_file='splits/1_10/unlabeled.txt',
        data_prefix=dict(img_path='leftImg8bit/train'),
        pipeline=[dict(type='LoadImageFromFile'), *resize, pack],
        test_mode=True,
    ),
)
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = [val_evaluator, dict(type='PerImageIoUMetric')]
