# Never trained here: it needs ADE20K, pretrained weights and GPUs.
_base_ = './unimatch-v2_dinov2-b-dpt_4xb2-60e_ade20k-518x518.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
