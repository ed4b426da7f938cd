# Never trained here with its own 4 epochs; docs/results.md has it as a second training of 3.
# Labeled images alone on white blood cells, multi-label, from ImageNet weights, on a CPU.
_base_ = [
    '../_base_/models/lite0_fpn.py',
    '../_base_/datasets/semi_wbc.py',
    '../_base_/schedules/adamw_lite.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(num_samples=800))
model = dict(
    label_space='multilabel',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=2, loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True)),
)
