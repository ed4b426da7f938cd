# Never trained here to the end: only steps in miniature were made, by the tests.
# The two networks are the voters.
_base_ = './cps_unet-half_1xb4-25e_camvid-1_8-160x120.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
