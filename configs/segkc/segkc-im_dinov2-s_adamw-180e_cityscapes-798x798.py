# The two networks are the voters.
_base_ = './segkc_dinov2-s_adamw-180e_cityscapes-798x798.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
