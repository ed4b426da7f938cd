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
            backbone=dict(alpha=alpha),
            decode_head=dict(in_channels=int(16 * alpha), channels=int(16 * alpha)),
        ),
    )
    for noise, alpha in zip(_base_.noise, _base_.alphas, strict=True)
]
generations = dict(per_generation=per_generation)
