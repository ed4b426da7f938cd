# For small networks from scratch in generational runs: short, because many are trained.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.003, weight_decay=0.03, fused=True),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=5, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
