# White blood cells under a microscope, 1/10 of the labels: two classes that overlap (the nucleus
# lies inside the cell), one annotation for each. The "unlabeled" images have labels, too:
# PseudoLabelQuality reports on the pseudo-labels, and no loss sees them.
data_root = 'data/wbc'
crop_size = (96, 96)
metainfo = dict(classes=('cell', 'nucleus'), palette=[[230, 120, 50], [70, 150, 220]])
geometry = [
    dict(type='RandomResize', scale=(112, 112), ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=[0.25, 0.25], direction=['horizontal', 'vertical']),
]
before_noise = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadMultiLabelAnnotations'),
    dict(type='LoadInconsistencyMask'),
    *geometry,
]
after_noise = [dict(type='FilterInconsistentPixels'), dict(type='PackSemiInputs')]
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadMultiLabelAnnotations'),
    *geometry,
    dict(type='PackSemiInputs'),
]
# The noise of the original study for cells, for the first to the fifth generation of students,
# and the strong augmentation of its labeled images.
noise = [
    dict(type='NoisyStudentDistortion', contrast=0.1, brightness=3, blur=0, noise=5),
    dict(type='NoisyStudentDistortion', contrast=0.1, brightness=6, blur=1, noise=10),
    dict(type='NoisyStudentDistortion', contrast=0.2, brightness=9, blur=1, noise=15),
    dict(type='NoisyStudentDistortion', contrast=0.2, brightness=12, blur=2, noise=20),
    dict(type='NoisyStudentDistortion', contrast=0.3, brightness=15, blur=3, noise=25),
]
strong_labeled_pipeline = [*labeled_pipeline[:-1], noise[4], labeled_pipeline[-1]]
# For the quality network: an image, its annotation, and a label of other networks to judge.
quality_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadMultiLabelAnnotations'),
    dict(type='LoadCandidate', kernels=(0, 3, 5)),
    *geometry,
    noise[0],
    dict(type='PackCandidate'),
]
quality_test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadMultiLabelAnnotations'),
    dict(type='LoadCandidate'),
    dict(type='PackCandidate'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadMultiLabelAnnotations'),
    dict(type='PackSemiInputs'),
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
        num_samples=1280,  # 160 updates an epoch, in every generation
        labeled=dict(
            type='MultiLabelDataset',
            data_root=data_root,
            metainfo=metainfo,
            img_suffix='.png',
            ann_file='splits/1_10/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=labeled_pipeline,
        ),
        unlabeled=dict(
            type='MultiLabelDataset',
            data_root=data_root,
            metainfo=metainfo,
            img_suffix='.png',
            ann_file='splits/1_10/unlabeled.txt',
            data_prefix=dict(img_path='images/train'),
            pipeline=[*before_noise, *after_noise],
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,  # the images differ in size
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelDataset',
        data_root=data_root,
        metainfo=metainfo,
        img_suffix='.png',
        data_prefix=dict(img_path='images/val', seg_map_path='annotations/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelDataset',
        data_root=data_root,
        metainfo=metainfo,
        img_suffix='.png',
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
        type='MultiLabelDataset',
        data_root=data_root,
        metainfo=metainfo,
        img_suffix='.png',
        ann_file='splits/1_10/unlabeled.txt',
        data_prefix=dict(img_path='images/train'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='LoadHiddenAnnotations',
                img_dir=f'{data_root}/images/train',
                seg_map_dir=f'{data_root}/annotations/train',
                classes=metainfo['classes'],
            ),
            dict(type='PackSemiInputs'),
        ],
        test_mode=True,
    ),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='MultiLabelIoUMetric')
test_evaluator = val_evaluator
