# Never trained here: it needs ISIC 2018.
# IM+: the noise of the pseudo-labeled images grows with the generation, and the network widens.
_base_ = './im_unet-additive_1xb32-50e_isic2018-1_10-256x256.py'
generations = dict(
    per_generation=[
        dict(model=model, train_dataloader=dict(dataset=dict(unlabeled=dict(pipeline=pipeline))))
        for model, pipeline in zip(_base_.wider_models, _base_.noisy_pipelines, strict=True)
    ]
)
