# Never trained here with its own 4 epochs; docs/results.md has it as a second training of 3.
# FixMatch with the inconsistency mask in place of the confidence threshold.
_base_ = './fixmatch_lite0-fpn_1xb4-4e_wbc-1_10-96x96.py'
model = dict(
    semi=dict(
        threshold=0.0,
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip', 'scale0.75'])],
        im=dict(type='InconsistencyMask'),
    )
)
