# Labeled images alone, from the pretrained network: CamVid at 160x120, 23 images, 1200 updates of
# four. The class weights are those of these images.
_base_ = [
    '../../../configs/_base_/models/lite0_fpn.py',
    '../../../configs/_base_/datasets/generational_camvid_160x120.py',
    '../../../configs/_base_/schedules/adamw_5e.py',
    '../../../configs/_base_/default_runtime.py',
]
class_weight = [0.48, 0.40, 1.81, 0.34, 1.00, 0.54, 1.62, 2.00, 0.65, 2.52, 2.96]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(
        loss_decode=dict(_delete_=True, type='WeightedCrossEntropyLoss', class_weight=class_weight)
    ),
)
optim_wrapper = dict(
    optimizer=dict(lr=0.002), paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.5)})
)
train_dataloader = dict(
    dataset=dict(
        num_samples=960,
        labeled=dict(ann_file='splits/1_16/labeled.txt'),
        unlabeled=dict(ann_file='splits/1_16/unlabeled.txt'),
    )
)
unlabeled_dataloader = dict(dataset=dict(ann_file='splits/1_16/unlabeled.txt'))
