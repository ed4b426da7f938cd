# Never trained here to the end: only steps in miniature were made, by the tests.
# Two views of the student in eval mode vote, and its train-mode prediction with them.
_base_ = './corrmatch_unet-half_1xb4-25e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
