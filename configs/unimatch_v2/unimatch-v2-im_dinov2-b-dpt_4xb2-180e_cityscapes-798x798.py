# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './unimatch-v2_dinov2-b-dpt_4xb2-180e_cityscapes-798x798.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
