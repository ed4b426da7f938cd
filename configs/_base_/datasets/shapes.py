# Shapes that draw themselves under data_root, 12 of 160 images labeled, supervised.
_base_ = './folders.py'
data_root = 'data/shapes'
crop_size = (64, 64)
geometry = [
    dict(type='RandomResize', scale=crop_size, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_pipeline = [*test_pipeline[:2], *geometry, test_pipeline[2]]
images = dict(type='ShapesDataset', data_root=data_root)
labeled = dict(**images, ann_file='splits/labeled.txt', data_prefix=_base_.annotated)
unlabeled = dict(**images, ann_file='splits/unlabeled.txt', data_prefix=_base_.unannotated)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='SeededDataset', times=12, dataset=dict(**labeled, pipeline=train_pipeline)),
)
val_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
