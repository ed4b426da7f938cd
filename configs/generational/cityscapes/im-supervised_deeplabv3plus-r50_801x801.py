# IM on Cityscapes: supervised networks label, students learn from what they agree on.
_base_ = './im-unimatch_deeplabv3plus-r50_801x801.py'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='PseudoLabeledDataset',
        num_samples=2789,  # an epoch as long as one over the unlabeled images
        labeled=_base_.labeled,
        unlabeled=dict(_base_.unlabeled, pipeline=_base_.pseudo_pipeline),
    ),
)
model = dict(semi=None)
