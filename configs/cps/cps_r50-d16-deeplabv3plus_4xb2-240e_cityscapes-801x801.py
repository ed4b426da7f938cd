# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# CPS with CutMix as published, but for UniMatch's network, crop and schedule.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_cityscapes_801.py',
    '../_base_/schedules/sgd_240e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='CPS', labeled_weight=0.0, unsup_weight=5.0),
)
views = dict(weak=_base_.weak, strong=_base_.weak)  # the student, too, sees the weak view
pipeline = [*_base_.load, *_base_.geometry, dict(type='MultiView', views=views)]
train_dataloader = dict(dataset=dict(unlabeled=dict(pipeline=pipeline)))
