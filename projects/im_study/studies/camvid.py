# What the mask adds, over the share of labeled images: CamVid at 160x120, a small network.
title = 'CamVid, over the share of labeled images'
caption = (
    'CamVid at 160x120: 367 training images, of which 23 (1/16), 46 (1/8), 92 (1/4) or all have '
    'labels, 101 for validation, 233 for the test; eleven classes, a U-Net of 0.45 million '
    'weights, bfloat16. Two networks learn from the labeled images for 1500 updates (`first '
    'networks`). Every other row begins with the better one by validation and makes 700 updates '
    'more, so that each measured network has made 2200: of 4 labeled images, and for the online '
    'methods of 4 unlabeled ones beside them. In generations (IM, IM+, IM++) both first networks '
    'label, two students make 700 updates each, of 2 labeled and 2 pseudo-labeled images, and the '
    'better one by validation is measured (IM++ also trains its quality network). Measured is '
    'always the student, never its EMA.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'unet-half_1xb4-25e_camvid-1_8-160x120.py'
_network = 'unet-half_1xb4-5e_camvid-1_8-160x120.py'
_online = {
    'labeled only': 'supervised/supervised',
    'FixMatch': 'fixmatch/fixmatch',
    'FixMatch + IM': 'fixmatch/fixmatch-im',
    'UniMatch': 'unimatch/unimatch',
    'UniMatch + IM': 'unimatch/unimatch-im',
    'UniMatch V2': 'unimatch_v2/unimatch-v2',
    'UniMatch V2 + IM': 'unimatch_v2/unimatch-v2-im',
}
_generations = {'IM': 'im', 'IM+': 'im-plus', 'IM++': 'im-plus-plus'}
_bf16 = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_samples = 'train_dataloader.dataset.num_samples'  # of an epoch, in batches of four
_schedule = {'train_cfg.max_epochs': 4, 'train_cfg.val_interval': 1, 'param_scheduler.0.end': 4}
_first = dict(
    name='first networks',
    config=f'configs/generational/im_{_network}',
    options={'generations.num_generations': 0, 'generations.im': None, _samples: 1200, **_bf16},
)


def _lists(split):
    """The lists of a split in the configs of generations."""
    places = {
        'train_dataloader.dataset.labeled': 'labeled',
        'train_dataloader.dataset.unlabeled': 'unlabeled',
        'unlabeled_dataloader.dataset': 'unlabeled',
    }
    return {
        f'{place}.ann_file': f'splits/{split}/{name}.txt' if split else ''
        for place, name in places.items()
        if split or name == 'labeled'
    }


def _rows(split):
    """All rows of a split."""
    group = dict(group=split.replace('_', '/'))
    after = dict(**group, start='first networks')
    options = {**_schedule, _samples: 700, 'train_dataloader.dataset.split': f'splits/{split}'}
    in_generations = {'generations.num_generations': 1, 'generations.warm_start': True}
    quality = {'generations.evalnet.num_folds': 2, 'generations.evalnet.max_epochs': 5}
    return [
        dict(_first, **group, options={**_first['options'], **_lists(split)}),
        *(
            dict(name=name, config=f'configs/{file}_{_end}', options={**options, **_bf16}, **after)
            for name, file in _online.items()
        ),
        *(
            dict(
                name=name,
                config=f'configs/generational/{file}_{_network}',
                options={
                    **in_generations,
                    **_lists(split),
                    **(quality if name == 'IM++' else {}),
                    _samples: 560,
                    **_bf16,
                },
                **after,
            )
            for name, file in _generations.items()
        ),
    ]


rows = [row for split in ('1_16', '1_8', '1_4') for row in _rows(split)]
_all = {'train_dataloader.dataset.labeled.ann_file': ''}
rows += [
    dict(_first, group='1/1', options={**_first['options'], **_all}),
    dict(
        name='all labels',
        group='1/1',
        start='first networks',
        config=f'configs/supervised/supervised_{_end}',
        options={**_schedule, _samples: 700, **_bf16, **_all},
    ),
]
