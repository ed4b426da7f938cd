# Never trained here: tests build it.
# IM+: the noise of the pseudo-labeled images grows with the generation, and the network widens.
_base_ = './im_unet-half_1xb8-5e_shapes-64x64.py'
generations = dict(
    per_generation=[
        dict(model=model, train_dataloader=dict(dataset=dict(unlabeled=dict(pipeline=pipeline))))
        for model, pipeline in zip(_base_.wider_models, _base_.noisy_pipelines, strict=True)
    ]
)
