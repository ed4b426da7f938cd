# Never trained here with 1/8 of the labels; docs/results.md has figures of 1/16.
# FixMatch on CamVid, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(semi=dict(type='FixMatch', teachers=[dict(type='EMATeacher', momentum=0.01)]))
