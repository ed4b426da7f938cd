# Generations over the share of labeled images: CamVid at 160x120, a small network from scratch.
title = 'CamVid, generations over the share of labeled images'
caption = (
    'Every row makes 2000 student updates of four images in total: one network of 2000, or two '
    'teachers and two students of 500 each (IM++ also trains its quality network).'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_folder = 'configs/generational/camvid'
_bf16 = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_samples = 'train_dataloader.dataset.num_samples'  # of an epoch; there are five
_one = {
    'generations.students_per_generation': 1,
    'generations.num_teachers': 1,
    _samples: 1600,
    **_bf16,
}
_four = {'generations.num_generations': 1, _samples: 400, **_bf16}
rows = []
for _split in ('1_16', '1_8', '1_4'):
    _lists = {
        f'{_place}.ann_file': f'splits/{_split}/{_list}.txt'
        for _place, _list in (
            ('train_dataloader.dataset.labeled', 'labeled'),
            ('train_dataloader.dataset.unlabeled', 'unlabeled'),
            ('unlabeled_dataloader.dataset', 'unlabeled'),
        )
    }
    for _name, _file, _options in (
        ('labeled only', 'labeled-only', _one),
        ('IM', 'im', _four),
        ('IM+', 'im-plus', _four),
        ('IM++', 'im-plus-plus', _four),
    ):
        rows.append(
            dict(
                name=_name,
                group=_split.replace('_', '/'),
                config=f'{_folder}/{_file}.py',
                options={**_options, **_lists},
            )
        )
_all = {**_one, 'train_dataloader.dataset.labeled.ann_file': ''}
rows.append(dict(name='all labels', group='1/1', config=f'{_folder}/labeled-only.py', options=_all))
