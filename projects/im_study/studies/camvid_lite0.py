# What unlabeled images and the mask add to a pretrained network: CamVid at 160x120.
title = 'CamVid, from ImageNet weights'
caption = (
    'CamVid at 160x120: 367 training images, of which 23 (1/16), 46 (1/8), 92 (1/4) or all have '
    'labels, 101 for validation, 233 for the test; eleven classes, EfficientNet-Lite0 with a '
    'feature pyramid (3.4 million weights), class weights from the labeled images. One network '
    'learns from the labeled images for 1600 updates (`first network`). Every other row begins '
    'with it and makes 1200 updates more, of 4 labeled images, and for the methods of 4 unlabeled '
    'ones beside them; `3 x as long` makes 3600 in about the time of a method. `two networks` is '
    'FixMatch whose pseudo-labels come from the EMA teacher and the first network of the next seed.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
_supervised = f'configs/supervised/supervised_{_end}'
_fixmatch, _with_im = (f'configs/fixmatch/fixmatch{im}_{_end}' for im in ('', '-im'))
_loss = 'model.decode_head.loss_decode.class_weight'
_weights = {  # tools/class_weights.py --power 0.5, of the labeled images of each share
    '1/16': [0.48, 0.40, 1.81, 0.34, 1.00, 0.54, 1.62, 2.00, 0.65, 2.52, 2.96],
    '1/8': [0.51, 0.41, 2.14, 0.37, 1.00, 0.59, 1.99, 1.56, 0.71, 2.40, 3.26],
    '1/4': [0.53, 0.43, 2.16, 0.38, 1.00, 0.61, 1.91, 1.44, 0.80, 2.44, 2.58],
    '1/1': [0.53, 0.45, 2.19, 0.39, 1.00, 0.65, 1.96, 1.41, 0.89, 2.53, 2.97],
}
_two = {
    'model.semi.teachers': [
        dict(type='EMATeacher', momentum=0.01),
        dict(type='FrozenTeacher', checkpoint='{another}'),
    ],
}
_longer = {'train_cfg.max_epochs': 9, 'param_scheduler.0.end': 9}
_methods = {
    'labeled only': (_supervised, {}),
    'labeled only, 3 x as long': (_supervised, _longer),
    'FixMatch': (_fixmatch, {}),
    'FixMatch + IM': (_with_im, {}),
}
for _name, _folder, _file in (
    ('UniMatch', 'unimatch', 'unimatch'),
    ('UniMatch V2', 'unimatch_v2', 'unimatch-v2'),
    ('U2PL', 'u2pl', 'u2pl'),
    ('AugSeg', 'augseg', 'augseg'),
):
    for _im in ('', '-im'):
        _methods[_name + _im.replace('-im', ' + IM')] = (
            f'configs/{_folder}/{_file}{_im}_{_end}',
            {},
        )
_voters = {  # at 1/16 alone: who votes, and which rule takes pixels
    'two networks': (_fixmatch, _two),
    'two networks + IM': (_with_im, _two),
    'three views, threshold 0.95': (
        _with_im,
        {'model.semi.im': None, 'model.semi.threshold': 0.95},
    ),
    'three views, every pixel': (_with_im, {'model.semi.im': None}),
    'IM, not painted': (_with_im, {'model.semi.im.block_input': False}),
}


def _rows(share, methods):
    """The first network of a share of labeled images, and all rows that begin with it."""
    labels = {_loss: _weights[share]}
    if share == '1/1':
        labels['train_dataloader.dataset.labeled.ann_file'] = ''
    else:
        labels['train_dataloader.dataset.split'] = f'splits/{share.replace("/", "_")}'
    after = {
        'train_cfg.max_epochs': 3,
        'param_scheduler.0.end': 3,
        'optim_wrapper.optimizer.lr': 0.001,
        **labels,
    }
    return [dict(name='first network', group=share, config=_supervised, options=labels)] + [
        dict(
            name=name,
            group=share,
            start='first network',
            config=config,
            options={**after, **options},
        )
        for name, (config, options) in methods.items()
    ]


rows = [
    *_rows('1/16', {**_methods, **_voters}),
    *_rows('1/8', _methods),
    *_rows('1/4', _methods),
    *_rows('1/1', {'all labels': (_supervised, {})}),
]
