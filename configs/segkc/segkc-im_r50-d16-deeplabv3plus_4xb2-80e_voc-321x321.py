# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# The two networks are the voters.
_base_ = './segkc_r50-d16-deeplabv3plus_4xb2-80e_voc-321x321.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
