# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# The two networks are the voters.
_base_ = './segkc_dinov2-b-dpt_4xb2-180e_cityscapes-798x798.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
