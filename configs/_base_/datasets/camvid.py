# CamVid at full size (480x360), 1/8 of the labels, supervised.
_base_ = './folders.py'
data_root = 'data/camvid'
crop_size = (352, 480)
geometry = [
    dict(type='RandomResize', scale=(480, 360), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
resize = dict(type='Resize', scale=(480, 360), keep_ratio=True)
load_train = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
pack = dict(type='PackSegInputs')
train_pipeline = [*load_train, *geometry, pack]
test_pipeline = [load_train[0], resize, load_train[1], pack]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', scale_factor=r, keep_ratio=True) for r in (0.75, 1.0, 1.25)],
            [dict(type='RandomFlip', prob=p, direction='horizontal') for p in (0.0, 1.0)],
            [dict(type='LoadAnnotations')],
            [dict(type='PackSegInputs')],
        ],
    ),
]
images = dict(type='CamVidDataset', data_root=data_root)
labeled = dict(**images, ann_file='splits/1_8/labeled.txt', data_prefix=_base_.annotated)
unlabeled = dict(**images, ann_file='splits/1_8/unlabeled.txt', data_prefix=_base_.unannotated)
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='SeededDataset',
        times=7,  # as many updates an epoch as one pass over the unlabeled images
        dataset=dict(**labeled, pipeline=train_pipeline),
    ),
)
val_dataloader = dict(dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
