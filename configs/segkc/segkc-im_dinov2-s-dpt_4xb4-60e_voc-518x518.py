# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# The two networks are the voters.
_base_ = './segkc_dinov2-s-dpt_4xb4-60e_voc-518x518.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
