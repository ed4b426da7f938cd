# Never trained here to the end: only steps in miniature were made, by the tests.
# UniMatch on CamVid, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
train_dataloader = dict(dataset=dict(unlabeled=dict(pipeline=_base_.two_strong)))
model = dict(semi=dict(type='UniMatch'))
