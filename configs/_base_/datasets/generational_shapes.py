# Coloured shapes that draw themselves under data_root, 12 of 160 images labeled, for generational
# runs. The shapes know their true labels: PseudoLabelQuality reports on the pseudo-labels, and no
# loss sees them.
data_root = 'data/shapes'
crop_size = (96, 96)
geometry = [
    dict(type='RandomResize', scale=crop_size, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
before_noise = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='LoadInconsistencyMask'),
    *geometry,
]
after_noise = [dict(type='FilterInconsistentPixels'), dict(type='PackSegInputs')]
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    *geometry,
    dict(type='PackSegInputs'),
]
# The noise of the original study for skin images, for the first to the fifth generation of
# students, and the strong augmentation of its labeled images.
noise = [
    dict(type='NoisyStudentDistortion', contrast=0.1, brightness=5, blur=0, noise=5),
    dict(type='NoisyStudentDistortion', contrast=0.2, brightness=10, blur=1, noise=10),
    dict(type='NoisyStudentDistortion', contrast=0.3, brightness=15, blur=1, noise=15),
    dict(type='NoisyStudentDistortion', contrast=0.4, brightness=20, blur=2, noise=20),
    dict(type='NoisyStudentDistortion', contrast=0.5, brightness=25, blur=3, noise=25),
]
strong_labeled_pipeline = [*labeled_pipeline[:-1], noise[4], labeled_pipeline[-1]]
# For the quality network: an image, its annotation, and a label of other networks to judge.
quality_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='LoadCandidate', kernels=(0, 3, 5)),
    *geometry,
    noise[0],
    dict(type='PackCandidate'),
]
quality_test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='LoadCandidate'),
    dict(type='PackCandidate'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoLabeledDataset',
        labeled_ratio=0.5,
        num_samples=400,  # 50 updates an epoch, in every generation
        labeled=dict(
            type='ShapesDataset',
            data_root=data_root,
            ann_file='splits/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=labeled_pipeline,
        ),
        unlabeled=dict(
            type='ShapesDataset',
            data_root=data_root,
            ann_file='splits/unlabeled.txt',
            data_prefix=dict(img_path='images/train'),
            pipeline=[*before_noise, *after_noise],
        ),
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ShapesDataset',
        data_root=data_root,
        data_prefix=dict(img_path='images/val', seg_map_path='annotations/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ShapesDataset',
        data_root=data_root,
        data_prefix=dict(img_path='images/test', seg_map_path='annotations/test'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
unlabeled_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ShapesDataset',
        data_root=data_root,
        ann_file='splits/unlabeled.txt',
        data_prefix=dict(img_path='images/train'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='LoadHiddenAnnotations',
                img_dir=f'{data_root}/images/train',
                seg_map_dir=f'{data_root}/annotations/train',
            ),
            dict(type='PackSemiInputs'),
        ],
        test_mode=True,
    ),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
