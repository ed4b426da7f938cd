# For small networks from scratch: an epoch is one pass over the unlabeled images.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.01, fused=True),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=20, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=4)
val_cfg = dict(type='TeacherStudentValLoop')
test_cfg = dict(type='TestLoop')
