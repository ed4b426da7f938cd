# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# Two views of the student in eval mode vote, and its train-mode prediction with them.
_base_ = './corrmatch_r50-d16-deeplabv3plus_4xb2-240e_cityscapes-801x801.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
