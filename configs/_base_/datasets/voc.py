# Pascal VOC 2012. Expects data/VOCdevkit/VOC2012 as docs/datasets.md says; semi_voc_*.py add a
# crop.
_base_ = './weak_strong_views.py'
data_root = 'data/VOCdevkit/VOC2012'
images = dict(type='PascalVOCDataset', data_root=data_root)
train_dataloader = dict(
    batch_size=4,  # labeled, and as many unlabeled images, on each device
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='SemiDataset',
        split='splits/classic/92',
        labeled=dict(
            **images, data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug')
        ),
        unlabeled=dict(**images, data_prefix=dict(img_path='JPEGImages')),
    ),
)
test_pipeline = [*_base_.load_labeled, _base_.pack_labeled]
# for vision transformers: to the nearest multiple of the patch, as UniMatch V2 does
patch_test_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='ResizeToPatches', patch=14),
    dict(type='LoadAnnotations'), dict(type='PackSegInputs'),
]  # fmt: skip
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **images,
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
# the long side; images of VOC have up to 500 pixels
resize = dict(type='RandomResize', scale=(500, 500), ratio_range=(0.5, 2.0), keep_ratio=True)
