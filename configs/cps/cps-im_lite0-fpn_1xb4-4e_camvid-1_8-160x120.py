# Never trained here to the end: only steps in miniature were made, by the tests.
# CPS with the inconsistency mask.
_base_ = './cps_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
