# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# SegKC, DINOv2-B, Cityscapes.
_base_ = [
    '../_base_/models/dinov2-b_dpt.py',
    '../_base_/datasets/semi_cityscapes_798.py',
    '../_base_/schedules/adamw_dinov2_180e.py',
    '../_base_/default_runtime.py',
]
# Chosen, because the abstract fixes no backbones: the senior is DINOv2-L.
senior = dict(_base_.model, label_space='multiclass', test_cfg=_base_.sliding_window)
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
    loss_decode=_base_.ohem_loss,
)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='SegKC', senior=senior, channels=(768, 1024)),
)
