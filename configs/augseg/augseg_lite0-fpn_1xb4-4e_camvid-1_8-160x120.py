# Never trained here to the end: only steps in miniature were made, by the tests.
# AugSeg on CamVid, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(semi=dict(type='AugSeg', teachers=[dict(type='EMATeacher', momentum=0.01)]))
