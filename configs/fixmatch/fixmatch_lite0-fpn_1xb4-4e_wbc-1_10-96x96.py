# Never trained here with its own 4 epochs; docs/results.md has it as a second training of 3.
# FixMatch on white blood cells, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_wbc-1_10-96x96.py'
model = dict(semi=dict(type='FixMatch', teachers=[dict(type='EMATeacher', momentum=0.01)]))
