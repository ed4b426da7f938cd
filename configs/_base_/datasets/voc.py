# Pascal VOC 2012: what is validated and tested. Expects data/VOCdevkit/VOC2012 as
# docs/datasets.md says.
data_root = 'data/VOCdevkit/VOC2012'
load_test = [dict(type='LoadImageFromFile')]
pack_test = [dict(type='LoadAnnotations'), dict(type='PackSegInputs')]
test_pipeline = [*load_test, *pack_test]
# for vision transformers: to the nearest multiple of the patch, as UniMatch V2 does
patch_test_pipeline = [*load_test, dict(type='ResizeToPatches', patch=14), *pack_test]
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PascalVOCDataset',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
