# FixMatch with the inconsistency mask, for tools/init_project.py, which copies this file. What it
# writes adds the method to a network: semi=_base_.semi.
_base_ = ['./supervised.py', '../datasets/weak_strong_views.py']
unlabeled = dict(ann_file='unlabeled.txt', data_prefix=dict(img_path='images'))
train_dataloader = dict(
    dataset=dict(_delete_=True, type='SemiDataset', labeled=_base_.labeled, unlabeled=unlabeled)
)
teacher = dict(
    type='EMATeacher', momentum=0.01, views=['identity', 'hflip', 'scale0.75'], size_divisor=16
)
# The mask takes the place of a confidence threshold, which would have to be chosen.
semi = dict(type='FixMatch', teachers=[teacher], threshold=0.0, im=dict(type='InconsistencyMask'))
