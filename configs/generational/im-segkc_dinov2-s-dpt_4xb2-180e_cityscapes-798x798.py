# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# SegKC + IM on Cityscapes: two networks of SegKC label the unlabeled images, and
# new ones learn from what these agree on, with SegKC in every training.
# Checkpoints that are there already go into generations.initial_teachers.
_base_ = ['../segkc/segkc_dinov2-s-dpt_4xb2-180e_cityscapes-798x798.py', '../_base_/generations.py']
runner_type = 'GenerationalRunner'
generations = dict(num_generations=1)
train_dataloader = dict(
    dataset=dict(split=None, labeled=_base_.pseudo_labeled, unlabeled=_base_.unlabeled_list)
)
unlabeled_dataloader = _base_.unlabeled_dataloader_of_generations
