# For the comparison of methods on CamVid: 2000 updates.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.003, weight_decay=0.03, fused=True),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=25, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=25, val_interval=5)
val_cfg = dict(type='TeacherStudentValLoop')
test_cfg = dict(type='TestLoop')
