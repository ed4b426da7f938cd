# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# Labeled images alone, DINOv2-B, Pascal VOC.
_base_ = [
    '../_base_/models/dinov2-b_dpt.py',
    '../_base_/datasets/semi_voc_518.py',
    '../_base_/schedules/adamw_dinov2_60e.py',
    '../_base_/default_runtime.py',
]
val_dataloader = dict(dataset=dict(pipeline=_base_.patch_test_pipeline))
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21),
)
