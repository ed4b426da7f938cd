# DINOv2-B with UniMatch V2's DPT head; the checkpoint: pretrained/dinov2_vitb14_pretrain.pth.
_base_ = './dinov2-s_dpt.py'
model = dict(
    backbone=dict(arch='b', init_cfg=dict(checkpoint='pretrained/dinov2_vitb14_pretrain.pth')),
    decode_head=dict(in_channels=[768] * 4, level_channels=[96, 192, 384, 768], channels=128),
)
