# FixMatch with the inconsistency mask, for tools/init_project.py, which copies this file.
_base_ = ['./supervised.py', '../datasets/weak_strong_views.py']
unlabeled = dict(ann_file='unlabeled.txt', data_prefix=dict(img_path='images'))
train_dataloader = dict(
    dataset=dict(_delete_=True, type='SemiDataset', labeled=_base_.labeled, unlabeled=unlabeled)
)
model = dict(
    semi=dict(
        type='FixMatch',
        teachers=[
            dict(
                type='EMATeacher',
                momentum=0.02,
                views=['identity', 'hflip', 'scale0.75'],
                size_divisor=16,
            )
        ],
        threshold=0.8,
        im=dict(type='InconsistencyMask'),
    )
)
val_cfg = dict(type='TeacherStudentValLoop')
