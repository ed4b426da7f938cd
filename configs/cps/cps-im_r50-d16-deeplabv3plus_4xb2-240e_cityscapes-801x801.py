# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# The two networks are the voters.
_base_ = './cps_r50-d16-deeplabv3plus_4xb2-240e_cityscapes-801x801.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
