# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
_base_ = './unimatch-v2_dinov2-b-dpt_4xb4-60e_voc-518x518.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
