# Never trained here: it needs HeLa.
# IM+: the noise of the pseudo-labeled images grows with the generation, and the network widens.
_base_ = './im_unet-additive_1xb32-50e_hela-1_10-256x256.py'
generations = dict(
    per_generation=[
        dict(model=model, train_dataloader=dict(dataset=dict(unlabeled=dict(pipeline=pipeline))))
        for model, pipeline in zip(_base_.wider_models, _base_.noisy_pipelines, strict=True)
    ]
)
