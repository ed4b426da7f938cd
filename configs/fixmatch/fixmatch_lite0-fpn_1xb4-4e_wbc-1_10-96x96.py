# Never trained here to the end: only steps in miniature were made, by the tests.
# FixMatch on white blood cells, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_wbc-1_10-96x96.py'
model = dict(semi=dict(type='FixMatch', teachers=[dict(type='EMATeacher', momentum=0.01)]))
