# Inconsistency Masks in generations on CamVid, 1/8 of the labels, at 160x120.
_base_ = [
    '../../_base_/models/unet_half.py',
    '../../_base_/datasets/generational_camvid_160x120.py',
    '../../_base_/schedules/adamw_5e.py',
    '../../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
generations = dict(
    num_generations=2,
    students_per_generation=2,
    num_teachers=2,
    metric='mIoU',
    im=dict(type='InconsistencyMask'),
)
# python tools/class_weights.py configs/generational/camvid/im.py --power 0.5
class_weight = [0.51, 0.41, 2.14, 0.37, 1.00, 0.59, 1.99, 1.56, 0.71, 2.40, 3.26]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(
        loss_decode=dict(_delete_=True, type='WeightedCrossEntropyLoss', class_weight=class_weight)
    ),
)
