# The two networks are the voters.
_base_ = './segkc_deeplabv3plus-r50_sgd-240e_cityscapes-801x801.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
