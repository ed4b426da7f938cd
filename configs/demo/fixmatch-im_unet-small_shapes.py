# Online: draws a small data set and trains on it with FixMatch and the mask in place of a
# confidence threshold; first on the labeled images alone, for half of the 888 updates.
_base_ = [
    '../_base_/models/unet_small.py',
    '../_base_/datasets/semi_shapes.py',
    '../_base_/schedules/adamw_20e.py',
    '../_base_/default_runtime.py',
]
class_weight = [0.47, 0.96, 1.04, 1.05]  # tools/class_weights.py with this config and --power 0.5
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(
        num_classes=4,
        loss_decode=dict(_delete_=True, type='WeightedCrossEntropyLoss', class_weight=class_weight),
    ),
    sup_only_iters=444,
    semi=dict(
        type='FixMatch',
        teachers=[
            dict(
                type='EMATeacher',
                momentum=0.03,  # a run of 888 updates needs a teacher that follows fast
                views=['identity', 'hflip', 'scale0.75'],
                size_divisor=16,  # what the U-Net asks of its images
            )
        ],
        threshold=0.0,
        im=dict(type='InconsistencyMask'),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.004))
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=24, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(max_epochs=24, val_interval=4)
default_hooks = dict(logger=dict(interval=37))
custom_hooks = [
    dict(type='SeedHook'),
    dict(type='InconsistencyHook'),
    dict(type='SemiVisualizationHook', interval=222),
    dict(type='FiniteHook'),
]
