# Cityscapes. Expects data/cityscapes as docs/datasets.md says; semi_cityscapes_*.py add a crop.
_base_ = './weak_strong_views.py'
data_root = 'data/cityscapes'
images = dict(type='CityscapesDataset', data_root=data_root)
unlabeled = dict(**images, data_prefix=dict(img_path='leftImg8bit/train'))
labeled = dict(
    **images, data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
)
train_dataloader = dict(
    batch_size=2,  # labeled, and as many unlabeled images, on each device
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='SemiDataset', labeled=labeled, unlabeled=unlabeled),
)
test_pipeline = [*_base_.load_labeled, _base_.pack_labeled]
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **images,
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
ohem_loss = dict(type='ProbOHEMCrossEntropyLoss', thresh=0.7)
resize = dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.5, 2.0), keep_ratio=True)
# For methods in generations: what their networks label. It has the size of the image files.
unlabeled_dataloader_of_generations = dict(
    val_dataloader,
    dataset=dict(
        **unlabeled,
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackSegInputs')],
        test_mode=True,
    ),
)
