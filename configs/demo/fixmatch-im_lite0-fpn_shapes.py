# Draws a small data set, 4 of 160 images labeled, and trains a pretrained network on it, with
# FixMatch and the mask in place of a confidence threshold: 156 updates of the labeled images alone,
# then 234 of all.
_base_ = [
    '../_base_/models/lite0_fpn.py',
    '../_base_/datasets/semi_shapes.py',
    '../_base_/schedules/adamw_lite.py',
    '../_base_/default_runtime.py',
]
class_weight = [0.42, 1.08, 1.36, 0.94]  # tools/class_weights.py with this config and --power 0.5
train_dataloader = dict(dataset=dict(split='splits/few'))
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(
        num_classes=4,
        loss_decode=dict(_delete_=True, type='WeightedCrossEntropyLoss', class_weight=class_weight),
    ),
    sup_only_iters=156,
    semi=dict(
        type='FixMatch',
        teachers=[
            dict(
                type='EMATeacher',
                momentum=0.03,  # a run of 390 updates needs a teacher that follows fast
                views=['identity', 'hflip', 'scale0.75'],
            )
        ],
        threshold=0.0,
        im=dict(type='InconsistencyMask'),
    ),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=10, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(max_epochs=10, val_interval=2)
default_hooks = dict(logger=dict(interval=37))
custom_hooks = [
    dict(type='SeedHook'),
    dict(type='InconsistencyHook'),
    dict(type='SemiVisualizationHook', interval=117),
    dict(type='FiniteHook'),
]
