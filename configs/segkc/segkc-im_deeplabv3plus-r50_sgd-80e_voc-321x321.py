# The two networks are the voters.
_base_ = './segkc_deeplabv3plus-r50_sgd-80e_voc-321x321.py'
model = dict(semi=dict(im=dict(type='InconsistencyMask')))
