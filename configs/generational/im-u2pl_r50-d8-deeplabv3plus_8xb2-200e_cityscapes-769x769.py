# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# U2PL + IM on Cityscapes: two networks of U2PL label the unlabeled images, and
# new ones learn from what these agree on, with U2PL in every training.
# Checkpoints that are there already go into generations.initial_teachers.
_base_ = [
    '../u2pl/u2pl_r50-d8-deeplabv3plus_8xb2-200e_cityscapes-769x769.py',
    '../_base_/generations.py',
]
runner_type = 'GenerationalRunner'
generations = dict(num_generations=1)
train_dataloader = dict(
    dataset=dict(split=None, labeled=_base_.pseudo_labeled, unlabeled=_base_.unlabeled_list)
)
unlabeled_dataloader = _base_.unlabeled_dataloader_of_generations
