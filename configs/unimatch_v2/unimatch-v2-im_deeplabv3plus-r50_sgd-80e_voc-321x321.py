_base_ = './unimatch-v2_deeplabv3plus-r50_sgd-80e_voc-321x321.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
