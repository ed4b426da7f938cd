# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
_base_ = './mean-teacher_r50-d16-deeplabv3plus_4xb2-80e_voc-321x321.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
