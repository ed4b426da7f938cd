# IM+: the noise of the pseudo-labeled images grows with the generation, and the network widens.
_base_ = './im.py'
per_generation = [
    dict(
        train_dataloader=dict(
            dataset=dict(
                unlabeled=dict(pipeline=[*_base_.before_noise, noise, *_base_.after_noise])
            )
        ),
        model=dict(
            backbone=dict(base_channels=width),
            decode_head=dict(in_channels=width, channels=width),
        ),
    )
    for noise, width in zip(_base_.noise, (16, 20, 24, 28, 32), strict=True)
]
generations = dict(per_generation=per_generation)
