# Draws a small data set and trains a pretrained network on it, with FixMatch and the mask in place
# of a confidence threshold: 160 updates of the labeled images alone, then 200 of all.
_base_ = [
    '../_base_/models/lite0_fpn.py',
    '../_base_/datasets/semi_shapes.py',
    '../_base_/schedules/adamw_lite.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(num_samples=360))
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=4),
    sup_only_iters=160,
    semi=dict(
        type='FixMatch',
        # A run of 360 updates needs a teacher that follows fast.
        teachers=[dict(type='EMATeacher', momentum=0.05, views=['identity', 'hflip', 'scale0.75'])],
        threshold=0.0,
        im=dict(type='InconsistencyMask'),
    ),
)
default_hooks = dict(logger=dict(interval=40))
