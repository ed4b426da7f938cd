# For pretrained CNNs: the optimiser of UniMatch (CVPR 2023) for 80 epochs over the unlabeled
# images.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4, fused=True),
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=10.0),
            # what methods add to the network: U2PL's vectors, SegKC's projections
            'semi.represent': dict(lr_mult=10.0),
            'semi.to_': dict(lr_mult=10.0),
        }
    ),
)
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=80, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
# The rate is for this batch over all GPUs: auto_scale_lr.enable=True adapts it.
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=1)
val_cfg = dict(type='TeacherStudentValLoop')
test_cfg = dict(type='TestLoop')
