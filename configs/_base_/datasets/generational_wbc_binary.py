# White blood cells under a microscope, 1/10 of the labels, as a binary task: cell or background.
# Images, splits, geometry and noise are those of generational_wbc.py.
_base_ = './generational_wbc.py'
metainfo = dict(classes=('background', 'cell'), palette=[[40, 40, 40], [230, 120, 50]])
annotation = dict(type='LoadBinaryAnnotations')
start = [_base_.image, annotation]
labeled_pipeline = [*start, *_base_.labeled_pipeline[2:]]
strong_labeled_pipeline = [*start, *_base_.strong_labeled_pipeline[2:]]
# pseudo-labels are class ids
start_pseudo = [_base_.image, dict(type='LoadAnnotations')]
pseudo_labeled_pipeline = [*start_pseudo, *_base_.pseudo_labeled_pipeline[2:]]
noisy_pipelines = [[*start_pseudo, *pipeline[2:]] for pipeline in _base_.noisy_pipelines]
quality_network = dict(
    pipeline=[*start, *_base_.quality_network.pipeline[2:]],
    test_pipeline=[*start, *_base_.quality_network.test_pipeline[2:]],
    skip_classes=['background'],
)
test_pipeline = [*start, *_base_.test_pipeline[2:]]
hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{_base_.data_root}/images/train',
    seg_map_dir=f'{_base_.data_root}/annotations/train/cell',
    binary=True,
)
images = dict(type='BaseSegDataset', metainfo=metainfo)
cells = {
    name: dict(**images, data_prefix=dict(seg_map_path=f'annotations/{name}/cell'))
    for name in ('train', 'val', 'test')
}
train_dataloader = dict(
    dataset=dict(
        labeled=dict(**cells['train'], pipeline=labeled_pipeline),
        unlabeled=dict(**images, pipeline=pseudo_labeled_pipeline),
    )
)
val_dataloader = dict(dataset=dict(**cells['val'], pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**cells['test'], pipeline=test_pipeline))
unlabeled_dataloader = dict(dataset=dict(**images, pipeline=[_base_.image, hidden, _base_.pack]))
val_evaluator = dict(_delete_=True, type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
