# What of the mask matters: FixMatch on CamVid 1/8 with one thing changed at a time, and the voters
# on the other shares of labeled images.
runs_of = 'camvid'  # three rows of a group are the same there
title = 'CamVid, what of the mask matters'
caption = (
    'As above, where the runs of the first three rows of a group come from: every row '
    'begins with the better of two `first networks` and makes 700 updates more. The voters of '
    '`FixMatch + IM` are the EMA teacher on the image, on its mirror image and on the image at '
    '0.75 of its size; the confidence threshold is 0.8. `a second network` is the other first '
    'network, which never changes, beside the EMA teacher on the image; of `four voters` both see '
    'the image and its mirror image.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_bf16 = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_samples = 'train_dataloader.dataset.num_samples'  # of an epoch, in batches of four
_schedule = {'train_cfg.max_epochs': 4, 'train_cfg.val_interval': 1, 'param_scheduler.0.end': 4}
_two = ['identity', 'hflip']
_second = dict(type='FrozenTeacher', checkpoint='{second}')


def _teachers(views, *others):
    """Voters: the EMA teacher on its views, and others."""
    ema = dict(type='EMATeacher', momentum=0.02, views=views, size_divisor=16)
    return {'model.semi.teachers': [ema, *others]}


_im = 'fixmatch/fixmatch-im'
_variants = {
    'FixMatch': ('fixmatch/fixmatch', {}),
    'FixMatch + IM': (_im, {}),
    'three views, no mask': (_im, {'model.semi.im': None}),
    'IM, two views': (_im, _teachers(_two)),
    'two views, no mask': (_im, {**_teachers(_two), 'model.semi.im': None}),
    'IM, two views, not painted': (_im, {**_teachers(_two), 'model.semi.im.block_input': False}),
    'IM, two views, dilated by 5': (_im, {**_teachers(_two), 'model.semi.im.dilate': 5}),
    'threshold 0': ('fixmatch/fixmatch', {'model.semi.threshold': 0.0}),
    'IM, two views, threshold 0': (_im, {**_teachers(_two), 'model.semi.threshold': 0.0}),
    'IM, a second network': (_im, _teachers(['identity'], _second)),
    'IM, four voters': (_im, _teachers(_two, dict(_second, views=_two))),
}
_everywhere = (
    'FixMatch', 'FixMatch + IM', 'three views, no mask', 'IM, two views', 'IM, a second network',
)  # fmt: skip


def _rows(split, variants):
    """All rows of a split."""
    group = dict(group=split.replace('_', '/'))
    lists = {
        'train_dataloader.dataset.labeled.ann_file': f'splits/{split}/labeled.txt',
        'train_dataloader.dataset.unlabeled.ann_file': f'splits/{split}/unlabeled.txt',
        'unlabeled_dataloader.dataset.ann_file': f'splits/{split}/unlabeled.txt',
    }
    options = {
        **_schedule, _samples: 700, 'train_dataloader.dataset.split': f'splits/{split}', **_bf16
    }  # fmt: skip
    return [
        dict(
            name='first networks',
            config='configs/generational/im_unet-half_1xb4-5e_camvid-1_8-160x120.py',
            options={
                'generations.num_generations': 0,
                'generations.im': None,
                _samples: 1200,
                **_bf16,
                **lists,
            },
            **group,
        ),
        *(
            dict(
                name=name,
                start='first networks',
                config=f'configs/{file}_unet-half_1xb4-25e_camvid-1_8-160x120.py',
                options={**options, **change},
                **group,
            )
            for name, (file, change) in variants.items()
        ),
    ]


rows = [
    *_rows('1_16', {name: _variants[name] for name in _everywhere}),
    *_rows('1_8', _variants),
    *_rows('1_4', {name: _variants[name] for name in _everywhere}),
]
