# Never trained here: tests make a step with it.
# Consistency loss: a network that predicts the same from two noisy views. The original starts from
# the best labeled-only network: --cfg-options load_from=.../best.pth
_base_ = './im_unet-half_1xb8-5e_shapes-64x64.py'
generations = dict(num_generations=0, im=None)
model = dict(semi=dict(type='ConsistencyLoss'))
labeled = _base_.train_dataloader.dataset.labeled
unlabeled = dict(_base_.train_dataloader.dataset.unlabeled, pipeline=_base_.two_noisy_views)
train_dataloader = dict(
    dataset=dict(_delete_=True, type='SemiDataset', labeled=labeled, unlabeled=unlabeled)
)
