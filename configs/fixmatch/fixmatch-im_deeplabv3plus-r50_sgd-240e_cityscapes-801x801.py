_base_ = './fixmatch_deeplabv3plus-r50_sgd-240e_cityscapes-801x801.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
