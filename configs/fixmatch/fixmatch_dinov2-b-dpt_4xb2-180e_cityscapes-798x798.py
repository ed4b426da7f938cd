# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# FixMatch, DINOv2-B, Cityscapes.
_base_ = [
    '../_base_/models/dinov2-b_dpt.py',
    '../_base_/datasets/semi_cityscapes_798.py',
    '../_base_/schedules/adamw_dinov2_180e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='FixMatch', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.95),
)
