# CamVid at a third of its size (160x120), 1/8 of the labels, for generational runs. CamVid's
# "unlabeled" images have labels: PseudoLabelQuality reports on the pseudo-labels, and no loss
# sees them.
data_root = 'data/camvid'
crop_size = (96, 128)
geometry = [
    dict(type='RandomResize', scale=(160, 120), ratio_range=(0.5, 2.0), keep_ratio=True),
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
# The noise of the original study for street scenes, for the first to the fifth generation of
# students, and the strong augmentation of its labeled images.
noise = [
    dict(type='NoisyStudentDistortion', contrast=0.05, brightness=3, blur=0, noise=3),
    dict(type='NoisyStudentDistortion', contrast=0.1, brightness=6, blur=0, noise=6),
    dict(type='NoisyStudentDistortion', contrast=0.2, brightness=9, blur=0, noise=9),
    dict(type='NoisyStudentDistortion', contrast=0.3, brightness=12, blur=0, noise=12),
    dict(type='NoisyStudentDistortion', contrast=0.4, brightness=15, blur=1, noise=15),
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
    dict(type='Resize', scale=(160, 120), keep_ratio=True),
    dict(type='PackCandidate'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(160, 120), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoLabeledDataset',
        labeled_ratio=0.5,
        num_samples=2400,  # 600 updates an epoch, in every generation
        labeled=dict(
            type='CamVidDataset',
            data_root=data_root,
            ann_file='splits/1_8/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=labeled_pipeline,
        ),
        unlabeled=dict(
            type='CamVidDataset',
            data_root=data_root,
            ann_file='splits/1_8/unlabeled.txt',
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
        type='CamVidDataset',
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
        type='CamVidDataset',
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
        type='CamVidDataset',
        data_root=data_root,
        ann_file='splits/1_8/unlabeled.txt',
        data_prefix=dict(img_path='images/train'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(160, 120), keep_ratio=True),
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
