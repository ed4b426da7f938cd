# What the data sets of generational runs share: folders, lists, loaders, and the original study's
# noise. A data set adds its pipelines under the same names as generational_shapes.py.
_base_ = './folders.py'
# Contrast, brightness, blur and noise for the first to the fifth generation of students; the fifth
# is the strong augmentation of labeled images as well.
noises = {
    kind: [
        dict(type='NoisyStudentDistortion', contrast=c, brightness=b, blur=r, noise=n)
        for c, b, r, n in steps
    ]
    for kind, steps in [
        ('streets', [(0.05, 3, 0, 3), (0.1, 6, 0, 6), (0.2, 9, 0, 9), (0.3, 12, 0, 12),
                     (0.4, 15, 1, 15)]),
        ('skin', [(0.1, 5, 0, 5), (0.2, 10, 1, 10), (0.3, 15, 1, 15), (0.4, 20, 2, 20),
                  (0.5, 25, 3, 25)]),
        ('cells', [(0.1, 3, 0, 5), (0.1, 6, 1, 10), (0.2, 9, 1, 15), (0.2, 12, 2, 20),
                   (0.3, 15, 3, 25)]),
    ]
}  # fmt: skip
image = dict(type='LoadImageFromFile')
load_unlabeled = [image, dict(type='LoadEmptyAnnotations')]
mask = dict(type='LoadInconsistencyMask')
filter_pixels = dict(type='FilterInconsistentPixels')
# For the quality network: the label of other networks, which it judges.
candidate = dict(type='LoadCandidate', kernels=(0, 3, 5))
test_candidate = dict(type='LoadCandidate')
pack_candidate = dict(type='PackCandidate')
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoLabeledDataset',
        labeled_ratio=0.1,
        labeled=dict(ann_file='splits/1_10/labeled.txt', data_prefix=_base_.annotated),
        unlabeled=dict(ann_file='splits/1_10/unlabeled.txt', data_prefix=_base_.unannotated),
    ),
)
unlabeled_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        ann_file='splits/1_10/unlabeled.txt', data_prefix=_base_.unannotated, test_mode=True
    ),
)
