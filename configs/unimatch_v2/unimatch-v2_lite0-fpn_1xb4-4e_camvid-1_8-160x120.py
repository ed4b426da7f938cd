# Never trained here with 1/8 of the labels; docs/results.md has figures of 1/16.
# UniMatch V2 on CamVid, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
train_dataloader = dict(dataset=dict(unlabeled=dict(pipeline=_base_.two_strong)))
model = dict(semi=dict(type='UniMatchV2', teachers=[dict(type='EMATeacher', momentum=0.01)]))
