# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# SegKC, DINOv2-S, Cityscapes.
_base_ = [
    '../_base_/models/dinov2-s_dpt.py',
    '../_base_/datasets/semi_cityscapes_798.py',
    '../_base_/schedules/adamw_dinov2_180e.py',
    '../_base_/default_runtime.py',
]
# Chosen, because the abstract fixes no backbones: the senior is DINOv2-B.
senior = dict(_base_.model, label_space='multiclass', test_cfg=_base_.sliding_window)
senior['backbone'] = dict(
    senior['backbone'],
    arch='b',
    init_cfg=dict(type='Pretrained', checkpoint='pretrained/dinov2_vitb14_pretrain.pth'),
)
senior['decode_head'] = dict(
    senior['decode_head'],
    in_channels=[768] * 4,
    level_channels=[96, 192, 384, 768],
    channels=128,
    loss_decode=_base_.ohem_loss,
)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='SegKC', senior=senior, channels=(384, 768)),
)
