# UniMatch V2 (arXiv 2410.10777) on Pascal VOC and ADE20K: 60 epochs over the unlabeled images.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-6, betas=(0.9, 0.999), weight_decay=0.01, fused=True),
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=40.0),
            # what methods add to the network: SegKC's projections
            'semi.to_': dict(lr_mult=40.0),
        }
    ),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=60, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
# The rates are for the published batch over all GPUs: auto_scale_lr.enable=True adapts them.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=1)
val_cfg = dict(type='TeacherStudentValLoop')
test_cfg = dict(type='TestLoop')
