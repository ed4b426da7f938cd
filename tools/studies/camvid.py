# Which methods the mask helps, over the share of labeled images: CamVid at 160x120, a small network
# from scratch.
title = 'CamVid, methods over the share of labeled images'
caption = (
    'Every row makes 1000 updates of one network: 4 labeled images, and for the methods 4 '
    'unlabeled ones beside them.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'unet-half_adamw-25e_camvid-1_8-160x120.py'
_files = {
    'FixMatch': 'fixmatch/fixmatch',
    'UniMatch': 'unimatch/unimatch',
    'UniMatch V2': 'unimatch_v2/unimatch-v2',
}
_schedule = {
    'train_cfg.max_epochs': 5,  # of 200 updates
    'train_cfg.val_interval': 1,
    'param_scheduler.0.end': 5,
    'optim_wrapper.type': 'BFloat16OptimWrapper',
    'train_dataloader.dataset.num_samples': 800,
}
_supervised = 'configs/generational/camvid/labeled-only.py'
_alone = {
    'generations.students_per_generation': 1,
    'generations.num_teachers': 1,
    'optim_wrapper.type': 'BFloat16OptimWrapper',
    'train_dataloader.dataset.num_samples': 800,
}
rows = []
for _split in ('1_16', '1_8', '1_4'):
    _group = _split.replace('_', '/')
    _lists = {
        'train_dataloader.dataset.labeled.ann_file': f'splits/{_split}/labeled.txt',
        'train_dataloader.dataset.unlabeled.ann_file': f'splits/{_split}/unlabeled.txt',
    }
    rows.append(
        dict(name='labeled only', group=_group, config=_supervised, options={**_alone, **_lists})
    )
    for _name, _file in _files.items():
        for _suffix, _also in (('', ''), ('-im', ' + IM')):
            rows.append(
                dict(
                    name=f'{_name}{_also}',
                    group=_group,
                    config=f'configs/{_file}{_suffix}_{_end}',
                    options={**_schedule, 'train_dataloader.dataset.split': f'splits/{_split}'},
                )
            )
_all = {**_alone, 'train_dataloader.dataset.labeled.ann_file': ''}
rows.append(dict(name='all labels', group='1/1', config=_supervised, options=_all))
