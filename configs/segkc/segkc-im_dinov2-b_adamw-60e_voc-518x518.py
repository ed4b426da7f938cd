# The two networks are the voters.
_base_ = './segkc_dinov2-b_adamw-60e_voc-518x518.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
