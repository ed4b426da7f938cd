# Voters: FixMatch on white blood cells, 5 labeled images, from ImageNet weights.
runs_of = 'wbc_lite0'
title = 'White blood cells, from ImageNet weights: other voters'
caption = (
    'As above, with 5 labeled images. Of `two networks` the EMA teacher and the first network of '
    'the next seed look at the image; the mask, or a threshold of 0.95 on their mean confidence, '
    'chooses the pixels.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_wbc-1_10-96x96.py'
_data = {'train_dataloader.dataset.labeled.indices': 5}
_after = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.0.end': 3,
    'optim_wrapper.optimizer.lr': 0.001,
}
_two = {
    'model.semi.teachers': [
        dict(type='EMATeacher', momentum=0.01),
        dict(type='FrozenTeacher', checkpoint='{another}'),
    ],
}
_variants = {
    'FixMatch': ('fixmatch', {}),
    'FixMatch + IM': ('fixmatch-im', {}),
    'two networks': ('fixmatch', _two),
    'two networks + IM': ('fixmatch-im', _two),
}
rows = [
    dict(
        name='first network',
        group='1/42',
        config=f'configs/supervised/supervised_{_end}',
        options=_data,
    )
] + [
    dict(
        name=name,
        group='1/42',
        start='first network',
        config=f'configs/fixmatch/{file}_{_end}',
        options={**_after, **_data, **options},
    )
    for name, (file, options) in _variants.items()
]
