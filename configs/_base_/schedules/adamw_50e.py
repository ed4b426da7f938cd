# The study's 50 epochs at a constant rate. Its weight decay, subtracted without the rate, is 1/30
# in PyTorch's AdamW.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.003, eps=1e-7, weight_decay=1 / 30, fused=True),
)
param_scheduler = []
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
