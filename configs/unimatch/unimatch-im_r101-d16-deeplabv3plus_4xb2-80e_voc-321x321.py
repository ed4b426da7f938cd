# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
_base_ = './unimatch_r101-d16-deeplabv3plus_4xb2-80e_voc-321x321.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
