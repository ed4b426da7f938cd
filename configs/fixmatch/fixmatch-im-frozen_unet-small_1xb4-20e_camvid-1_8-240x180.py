# Never trained here: tests make a step with it.
# FixMatch + IM over the EMA teacher and two networks of the supervised config, trained before
# with --cfg-options randomness.seed=1 (and 2) --work-dir work_dirs/teacher_1 (and _2).
_base_ = './fixmatch_unet-small_1xb4-20e_camvid-1_8-240x180.py'
model = dict(
    semi=dict(
        teachers=[
            dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip']),
            dict(type='FrozenTeacher', checkpoint='work_dirs/teacher_1/epoch_20.pth'),
            dict(type='FrozenTeacher', checkpoint='work_dirs/teacher_2/epoch_20.pth'),
        ],
        im=dict(type='InconsistencyMask'),
    ),
)
