# Labeled images alone, from the pretrained network: white blood cells, 500 updates of eight.
_base_ = [
    '../../../configs/_base_/models/lite0_fpn.py',
    '../../../configs/_base_/datasets/generational_wbc.py',
    '../../../configs/_base_/schedules/adamw_5e.py',
    '../../../configs/_base_/default_runtime.py',
]
model = dict(
    label_space='multilabel',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=2),
)
optim_wrapper = dict(
    optimizer=dict(lr=0.002), paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.5)})
)
train_dataloader = dict(dataset=dict(num_samples=800))
