# ISIC 2018 task 1, skin lesions at 256x256, 1/10 of the labels, for generational runs. The
# "unlabeled" images have labels, too: PseudoLabelQuality reports on the pseudo-labels, and no loss
# sees them. Expects data/isic2018 as docs/datasets.md says.
data_root = 'data/isic2018'
crop_size = (256, 256)
# All eight: mmseg's RandomRotFlip turns by a random quarter and always flips.
geometry = [
    dict(type='RandomRotFlip', rotate_prob=0.0, flip_prob=1.0),
    dict(type='RandomFlip', prob=0.5),
]
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
    dict(type='NoisyStudentDistortion', contrast=0.1, brightness=5, blur=0, noise=5),
    dict(type='NoisyStudentDistortion', contrast=0.2, brightness=10, blur=1, noise=10),
    dict(type='NoisyStudentDistortion', contrast=0.3, brightness=15, blur=1, noise=15),
    dict(type='NoisyStudentDistortion', contrast=0.4, brightness=20, blur=2, noise=20),
    dict(type='NoisyStudentDistortion', contrast=0.5, brightness=25, blur=3, noise=25),
]
alphas = (0.5, 0.75, 1.0, 1.25, 1.5)  # the width of the network, likewise
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
    dict(type='PackCandidate'),
]
test_pipeline = [dict(type='LoadImageFromFile'), load, pack]
images = dict(type='ISIC2018Dataset', data_root=data_root)
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoLabeledDataset',
        labeled_ratio=0.1,
        num_samples=2592,  # one pass over all training images, in every generation
        labeled=dict(
            **images,
            ann_file='splits/1_10/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=labeled_pipeline,
        ),
        unlabeled=dict(
            **images,
            ann_file='splits/1_10/unlabeled.txt',
            data_prefix=dict(img_path='images/train'),
            pipeline=[*before_noise, *after_noise],
        ),
    ),
)
loader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_dataloader = dict(
    **loader,
    dataset=dict(
        **images,
        data_prefix=dict(img_path='images/val', seg_map_path='annotations/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    **loader,
    dataset=dict(
        **images,
        data_prefix=dict(img_path='images/test', seg_map_path='annotations/test'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
unlabeled_dataloader = dict(
    **loader,
    dataset=dict(
        **images,
        ann_file='splits/1_10/unlabeled.txt',
        data_prefix=dict(img_path='images/train'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='LoadHiddenAnnotations',
                img_dir=f'{data_root}/images/train',
                seg_map_dir=f'{data_root}/annotations/train',
            ),
            pack,
        ],
        test_mode=True,
    ),
)
unlabeled_evaluator = dict(type='PseudoLabelQuality')
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = [val_evaluator, dict(type='PerImageIoUMetric', classes=['lesion'])]
