# What unlabeled images and the mask add to a pretrained network: white blood cells, multi-label.
title = 'White blood cells, from ImageNet weights'
caption = (
    '210 training images of about 100x100, of which 5 (1/42, the first of the list of 1/10), 21 '
    '(1/10) or all have labels, 189 without, 30 for validation, 60 for the test; two classes that '
    'overlap, EfficientNet-Lite0 with a feature pyramid (3.4 million weights). One network learns '
    'from the labeled images for 800 updates (`first network`). Every other row begins with it and '
    'makes 600 updates more, of 4 labeled images, and for the methods of 4 unlabeled ones beside '
    'them; `3 x as long` makes 1800 in about the time of a method. `two networks` is FixMatch '
    'whose pseudo-labels come from the EMA teacher and the first network of the next seed.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_wbc-1_10-96x96.py'
_methods = {
    'labeled only': 'supervised/supervised',
    'FixMatch': 'fixmatch/fixmatch',
    'FixMatch + IM': 'fixmatch/fixmatch-im',
}
_after = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.0.end': 3,
    'optim_wrapper.optimizer.lr': 0.001,
}
_labeled = 'train_dataloader.dataset.labeled'
_data = {
    '1/42': {f'{_labeled}.indices': 5},
    '1/10': {},
    '1/1': {f'{_labeled}.ann_file': ''},
}


def _row(name, group, file, options, **more):
    config = f'configs/{file}_{_end}'
    return dict(name=name, group=group, config=config, options=options, **more)


def _rows(group, methods):
    """All rows of a number of labeled images."""
    options = {**_after, **_data[group]}
    return [
        _row('first network', group, _methods['labeled only'], _data[group]),
        *(
            _row(name, group, file, options, start='first network')
            for name, file in methods.items()
        ),
    ]


_two = {
    'model.semi.teachers': [
        dict(type='EMATeacher', momentum=0.01),
        dict(type='FrozenTeacher', checkpoint='{another}'),
    ],
}
_longer = {'train_cfg.max_epochs': 9, 'param_scheduler.0.end': 9}
rows = [
    *_rows('1/42', _methods),
    _row(
        'labeled only, 3 x as long',
        '1/42',
        _methods['labeled only'],
        {**_after, **_data['1/42'], **_longer},
        start='first network',
    ),
    *(
        _row(
            f'two networks{im}',
            file=_methods[f'FixMatch{im}'],
            options={**_after, **_data['1/42'], **_two},
            group='1/42',
            start='first network',
        )
        for im in ('', ' + IM')
    ),
    *_rows('1/10', _methods),
    *_rows('1/1', {'all labels': 'supervised/supervised'}),
]
