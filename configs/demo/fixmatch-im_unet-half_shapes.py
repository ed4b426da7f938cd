# Draws a small data set and trains on it with FixMatch and the mask in place of a confidence
# threshold: 800 updates of the labeled images alone, then 800 of all.
_base_ = [
    '../_base_/models/unet_half.py',
    '../_base_/datasets/semi_shapes.py',
    '../_base_/schedules/adamw_25e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(num_samples=1600))
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=4),
    sup_only_iters=800,
    semi=dict(
        type='FixMatch',
        teachers=[
            dict(type='EMATeacher', momentum=0.02, views=['identity', 'hflip', 'scale0.75'],
                 size_divisor=16)
        ],
        threshold=0.0,
        im=dict(type='InconsistencyMask'),
    ),
)  # fmt: skip
param_scheduler = [dict(type='PolyLR', power=0.9, begin=0, end=4, eta_min=0.0, by_epoch=True,
                        convert_to_iter_based=True)]  # fmt: skip
train_cfg = dict(max_epochs=4, val_interval=1)
