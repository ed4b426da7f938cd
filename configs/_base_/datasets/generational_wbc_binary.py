# White blood cells under a microscope, 1/10 of the labels, as a binary task: cell or background.
# Images, splits, geometry and noise are those of generational_wbc.py.
_base_ = './generational_wbc.py'
metainfo = dict(classes=('background', 'cell'), palette=[[40, 40, 40], [230, 120, 50]])
load = dict(type='LoadBinaryAnnotations')
before_noise = _base_.before_noise
before_noise[1] = dict(type='LoadAnnotations')  # pseudo-labels are class ids
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[1] = load
strong_labeled_pipeline = _base_.strong_labeled_pipeline
strong_labeled_pipeline[1] = load
quality_pipeline = _base_.quality_pipeline
quality_pipeline[1] = load
quality_test_pipeline = _base_.quality_test_pipeline
quality_test_pipeline[1] = load
test_pipeline = _base_.test_pipeline
test_pipeline[1] = load
unlabeled_pipeline = _base_.unlabeled_dataloader.dataset.pipeline
unlabeled_pipeline[1].pop('classes')
unlabeled_pipeline[1].update(seg_map_dir=f'{_base_.data_root}/annotations/train/cell', binary=True)
cells = dict(type='BaseSegDataset', metainfo=metainfo)
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            **cells,
            data_prefix=dict(seg_map_path='annotations/train/cell'),
            pipeline=labeled_pipeline,
        ),
        unlabeled=dict(**cells, pipeline=[*before_noise, *_base_.after_noise]),
    )
)
val_dataloader = dict(
    dataset=dict(
        **cells, data_prefix=dict(seg_map_path='annotations/val/cell'), pipeline=test_pipeline
    )
)
test_dataloader = dict(
    dataset=dict(
        **cells, data_prefix=dict(seg_map_path='annotations/test/cell'), pipeline=test_pipeline
    )
)
unlabeled_dataloader = dict(dataset=dict(**cells, pipeline=unlabeled_pipeline))
val_evaluator = dict(_delete_=True, type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
