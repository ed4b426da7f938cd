# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
_base_ = './augseg_r50-d16-deeplabv3plus_4xb4-80e_voc-513x513.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.001, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
