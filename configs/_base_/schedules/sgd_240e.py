# UniMatch (CVPR 2023) on Cityscapes: 240 epochs over the unlabeled images.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=1e-4, fused=True),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=240, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
# The rates are for the published batch over all GPUs: auto_scale_lr.enable=True adapts them.
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=240, val_interval=1)
val_cfg = dict(type='TeacherStudentValLoop')
test_cfg = dict(type='TestLoop')
