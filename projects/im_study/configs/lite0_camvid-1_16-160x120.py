# Labeled images alone, from the pretrained network: CamVid at 160x120, 23 images, 1200 updates of
# four. The class weights are those of unet_half_camvid.py.
_base_ = [
    '../../../configs/_base_/models/lite0_fpn.py',
    '../../../configs/_base_/datasets/generational_camvid_160x120.py',
    '../../../configs/_base_/schedules/adamw_5e.py',
    '../../../configs/_base_/default_runtime.py',
]
class_weight = [0.51, 0.41, 2.14, 0.37, 1.00, 0.59, 1.99, 1.56, 0.71, 2.40, 3.26]
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
