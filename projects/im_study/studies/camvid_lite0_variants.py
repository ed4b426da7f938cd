# Voters, rule and paint: FixMatch on CamVid at 160x120, 1/16, from ImageNet weights.
runs_of = 'camvid_lite0'
title = 'CamVid, from ImageNet weights: what of the mask matters'
caption = (
    'As above, at 1/16. The EMA teacher looks at the image, its mirror image and the image at 0.75 '
    'of its size; the mask, or a threshold on the mean confidence, chooses the pixels.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
_data = {
    'train_dataloader.dataset.split': 'splits/1_16',
    'model.decode_head.loss_decode.class_weight': [
        0.48, 0.40, 1.81, 0.34, 1.00, 0.54, 1.62, 2.00, 0.65, 2.52, 2.96,
    ],
}  # fmt: skip
_after = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.0.end': 3,
    'optim_wrapper.optimizer.lr': 0.001,
}
_variants = {
    'FixMatch': ('fixmatch', {}),
    'FixMatch + IM': ('fixmatch-im', {}),
    'IM, not painted': ('fixmatch-im', {'model.semi.im.block_input': False}),
    'three views, every pixel': ('fixmatch-im', {'model.semi.im': None}),
    'three views, threshold 0.95': (
        'fixmatch-im',
        {'model.semi.im': None, 'model.semi.threshold': 0.95},
    ),
}
rows = [
    dict(
        name='first network',
        group='1/16',
        config=f'configs/supervised/supervised_{_end}',
        options=_data,
    )
] + [
    dict(
        name=name,
        group='1/16',
        start='first network',
        config=f'configs/fixmatch/{file}_{_end}',
        options={**_after, **_data, **options},
    )
    for name, (file, options) in _variants.items()
]
