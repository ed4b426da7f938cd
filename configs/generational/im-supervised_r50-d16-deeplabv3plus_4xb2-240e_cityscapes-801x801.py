# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# IM on Cityscapes: supervised networks label, students learn from what they agree on.
_base_ = [
    '../supervised/supervised_r50-d16-deeplabv3plus_4xb2-240e_cityscapes-801x801.py',
    '../_base_/generations.py',
]
runner_type = 'GenerationalRunner'
generations = dict(num_generations=1)
train_dataloader = dict(
    # an epoch as long as one over the unlabeled images
    dataset=dict(_base_.pseudo_labeled, num_samples=2789)
)
unlabeled_dataloader = _base_.unlabeled_dataloader_of_generations
