# What of the mask matters: FixMatch on CamVid 1/8 with one thing changed at a time.
runs_of = 'camvid'  # three rows are the same there
title = 'CamVid 1/8, what of the mask matters'
caption = (
    'As the group 1/8 above, with which it shares the runs of its first three rows: every row '
    'begins with the better of two `first networks` and makes 700 updates more. The voters of '
    '`FixMatch + IM` are the EMA teacher on the image and on its mirror image; the confidence '
    'threshold is 0.8. `a second network` is the other first network, which never changes.'
)
metric = 'mIoU'
seeds = [0]
_bf16 = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_samples = 'train_dataloader.dataset.num_samples'  # of an epoch, in batches of four
_schedule = {'train_cfg.max_epochs': 4, 'train_cfg.val_interval': 1, 'param_scheduler.0.end': 4}
_options = {**_schedule, _samples: 700, 'train_dataloader.dataset.split': 'splits/1_8', **_bf16}
_lists = {
    'train_dataloader.dataset.labeled.ann_file': 'splits/1_8/labeled.txt',
    'train_dataloader.dataset.unlabeled.ann_file': 'splits/1_8/unlabeled.txt',
    'unlabeled_dataloader.dataset.ann_file': 'splits/1_8/unlabeled.txt',
}
_two, _three = ['identity', 'hflip'], ['identity', 'hflip', 'scale0.75']
_second = dict(type='FrozenTeacher', checkpoint='{second}')


def _teachers(views, *others):
    """Voters: the EMA teacher on its views, and others."""
    ema = dict(type='EMATeacher', momentum=0.02, views=views, size_divisor=16)
    return {'model.semi.teachers': [ema, *others]}


_im = 'fixmatch/fixmatch-im'
_variants = {
    'FixMatch': ('fixmatch/fixmatch', {}),
    'FixMatch + IM': (_im, {}),
    'two views, no mask': (_im, {'model.semi.im': None}),
    'threshold 0': ('fixmatch/fixmatch', {'model.semi.threshold': 0.0}),
    'IM, threshold 0': (_im, {'model.semi.threshold': 0.0}),
    'IM, not painted': (_im, {'model.semi.im.block_input': False}),
    'IM, dilated by 5': (_im, {'model.semi.im.dilate': 5}),
    'IM, three views': (_im, _teachers(_three)),
    'IM, a second network': (_im, _teachers(['identity'], _second)),
    'IM, four voters': (_im, _teachers(_two, dict(_second, views=_two))),
}
rows = [
    dict(
        name='first networks',
        group='1/8',
        config='configs/generational/camvid/labeled-only.py',
        options={_samples: 1200, **_bf16, **_lists},
    ),
    *(
        dict(
            name=name,
            group='1/8',
            start='first networks',
            config=f'configs/{file}_unet-half_adamw-25e_camvid-1_8-160x120.py',
            options={**_options, **change},
        )
        for name, (file, change) in _variants.items()
    ),
]
