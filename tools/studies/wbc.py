# Generations on white blood cells, a tenth of the labels, as a multi-label and as a binary task: a
# small network from scratch.
title = 'White blood cells, 1/10 of the labels'
caption = (
    'Every row makes 2400 student updates of eight images in total: one network of 2400, or two '
    'teachers and two students of 600 each (IM++ also trains its quality network).'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_bf16 = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_samples = 'train_dataloader.dataset.num_samples'  # of an epoch; there are five
_one = {
    'generations.students_per_generation': 1,
    'generations.num_teachers': 1,
    _samples: 3840,
    **_bf16,
}
_four = {'generations.num_generations': 1, _samples: 960, **_bf16}
_all = {**_one, 'train_dataloader.dataset.labeled.ann_file': ''}
rows = [
    dict(
        name=_name,
        group=_task,
        config=f'configs/generational/wbc_{_task.replace("-", "")}/{_file}.py',
        options=_options,
    )
    for _task in ('multi-label', 'binary')
    for _name, _file, _options in (
        ('labeled only', 'labeled-only', _one),
        ('noisy student', 'noisy-student', _four),
        ('model ensemble', 'model-ensemble', _four),
        ('IM', 'im', _four),
        ('IM+', 'im-plus', _four),
        ('IM++', 'im-plus-plus', _four),
        ('all labels', 'labeled-only', _all),
    )
]
