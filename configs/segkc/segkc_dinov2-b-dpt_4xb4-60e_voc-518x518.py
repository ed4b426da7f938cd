# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# SegKC, DINOv2-B, Pascal VOC.
_base_ = [
    '../_base_/models/dinov2-b_dpt.py',
    '../_base_/datasets/semi_voc_518.py',
    '../_base_/schedules/adamw_dinov2_60e.py',
    '../_base_/default_runtime.py',
]
# Chosen, because the abstract fixes no backbones: the senior is DINOv2-L.
senior = dict(**_base_.model, label_space='multiclass')
senior['backbone'] = dict(
    senior['backbone'],
    arch='l',
    out_indices=(4, 11, 17, 23),
    init_cfg=dict(type='Pretrained', checkpoint='pretrained/dinov2_vitl14_pretrain.pth'),
)
senior['decode_head'] = dict(
    senior['decode_head'],
    in_channels=[1024] * 4,
    level_channels=[256, 512, 1024, 1024],
    channels=256,
    num_classes=21,
)
val_dataloader = dict(dataset=dict(pipeline=_base_.patch_test_pipeline))
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21),
    semi=dict(type='SegKC', senior=senior, channels=(768, 1024)),
)
