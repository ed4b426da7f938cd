_base_ = './unimatch_deeplabv3plus-r50_sgd-80e_voc-321x321.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
