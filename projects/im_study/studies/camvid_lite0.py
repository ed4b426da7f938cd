# What unlabeled images and the mask add to a pretrained network: CamVid at 160x120.
title = 'CamVid, from ImageNet weights'
caption = (
    'CamVid at 160x120: 367 training images, of which 23 (1/16) or all have labels, 101 for '
    'validation, 233 for the test; eleven classes, EfficientNet-Lite0 with a feature pyramid (3.4 '
    'million weights), class weights from the labeled images. One network learns from the labeled '
    'images for 1600 updates (`first network`). Every other row begins with it and makes 1200 '
    'updates more, of 4 labeled images, and for the methods of 4 unlabeled ones beside them. '
    '`two networks` is FixMatch whose pseudo-labels come from the EMA teacher and the first '
    'network of the next seed.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
_supervised = f'configs/supervised/supervised_{_end}'
_two = {  # voters of `two networks`
    'model.semi.teachers': [
        dict(type='EMATeacher', momentum=0.01),
        dict(type='FrozenTeacher', checkpoint='{another}'),
    ],
}
_methods = {
    'FixMatch': ('fixmatch/fixmatch', {}),
    'FixMatch + IM': ('fixmatch/fixmatch-im', {}),
    'two networks': ('fixmatch/fixmatch', _two),
    'two networks + IM': ('fixmatch/fixmatch-im', _two),
    'U2PL': ('u2pl/u2pl', {}),
    'U2PL + IM': ('u2pl/u2pl-im', {}),
}
_after = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.0.end': 3,
    'optim_wrapper.optimizer.lr': 0.001,
}
_weights = {  # tools/class_weights.py --power 0.5, of the labeled images of each share
    '1/16': [0.48, 0.40, 1.81, 0.34, 1.00, 0.54, 1.62, 2.00, 0.65, 2.52, 2.96],
    '1/1': [0.53, 0.45, 2.19, 0.39, 1.00, 0.65, 1.96, 1.41, 0.89, 2.53, 2.97],
}


def _rows(share):
    """All rows of a share of labeled images."""
    data = {
        'train_dataloader.dataset.split': f'splits/{share.replace("/", "_")}',
        'model.decode_head.loss_decode.class_weight': _weights[share],
    }
    after = dict(group=share, start='first network', options={**_after, **data})
    return [
        dict(name='first network', group=share, config=_supervised, options=data),
        dict(after, name='labeled only', config=_supervised),
        *(
            dict(
                after,
                name=name,
                config=f'configs/{file}_{_end}',
                options={**after['options'], **more},
            )
            for name, (file, more) in _methods.items()
        ),
    ]


rows = _rows('1/16')
_all = {
    'train_dataloader.dataset.labeled.ann_file': '',
    'model.decode_head.loss_decode.class_weight': _weights['1/1'],
}
rows += [
    dict(name='first network', group='1/1', config=_supervised, options=_all),
    dict(
        name='all labels',
        group='1/1',
        start='first network',
        config=_supervised,
        options={**_after, **_all},
    ),
]
