# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# FixMatch + IM on Cityscapes: two networks of FixMatch label the unlabeled images, and
# new ones learn from what these agree on, with FixMatch in every training.
# Checkpoints that are there already go into generations.initial_teachers.
_base_ = [
    '../fixmatch/fixmatch_r50-d16-deeplabv3plus_4xb2-240e_cityscapes-801x801.py',
    '../_base_/generations.py',
]
runner_type = 'GenerationalRunner'
generations = dict(num_generations=1)
train_dataloader = dict(
    dataset=dict(split=None, labeled=_base_.pseudo_labeled, unlabeled=_base_.unlabeled_list)
)
unlabeled_dataloader = _base_.unlabeled_dataloader_of_generations
