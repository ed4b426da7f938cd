# Online: draws a small data set and trains on it with FixMatch and Inconsistency Masks.
_base_ = [
    '../_base_/models/unet_small.py',
    '../_base_/datasets/semi_shapes.py',
    '../_base_/schedules/adamw_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=4),
    semi=dict(
        type='FixMatch',
        # A run of 444 steps needs a teacher that follows fast.
        teachers=[dict(type='EMATeacher', momentum=0.1, views=['identity', 'hflip', 'vflip'])],
        threshold=0.8,
        im=dict(type='InconsistencyMask'),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.004))
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=12, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(max_epochs=12, val_interval=4)
default_hooks = dict(logger=dict(interval=37))
custom_hooks = [
    dict(type='SeedHook'),
    dict(type='InconsistencyHook'),
    dict(type='SemiVisualizationHook', interval=148),
    dict(type='FiniteHook'),
]
