# Generations on white blood cells, a tenth of the labels, as a multi-label and as a binary task: a
# small network from scratch.
title = 'White blood cells, 1/10 of the labels'
caption = (
    '210 training images of about 100x100, of which 21 have labels, 30 for validation, 60 for the '
    'test; a U-Net of 0.45 million weights, bfloat16. Every row makes 2400 student updates of '
    'eight images in total: one network of 2400, or two of 600 on the labeled images (`first '
    'networks`, shared by the rows of a task and seed) and two students of 600 each, from scratch, '
    'of which the better one by validation is measured (IM++ also trains its quality network).'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_bf16 = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_ranked = {'generations.metric': 'mIoU'}  # as the numbers were made, of both tasks
_samples = 'train_dataloader.dataset.num_samples'  # of one of five epochs, in batches of eight
_alone = {'generations.num_generations': 0, 'generations.im': None}
_one = {
    **_alone,
    'generations.students_per_generation': 1,
    'generations.num_teachers': 1,
    _samples: 3840,
    **_bf16,
}
_two = {'generations.num_generations': 1, _samples: 960, **_bf16}
_quality = {'generations.evalnet.num_folds': 2, 'generations.evalnet.max_epochs': 5}


def _rows(task):
    """All rows of a task."""
    rows = [
        ('first networks', 'im', {**_alone, _samples: 960, **_bf16}),
        ('labeled only', 'im', _one),
        (
            'noisy student',
            'im-plus',
            {**_two, 'generations.im': None, 'generations.num_teachers': 1},
        ),
        ('model ensemble', 'im', {**_two, 'generations.im': None}),
        ('IM', 'im', _two),
        ('IM+', 'im-plus', _two),
        ('IM++', 'im-plus-plus', {**_two, **_quality}),
        ('all labels', 'im', {**_one, 'train_dataloader.dataset.labeled.ann_file': ''}),
    ]
    data = 'wbc' if task == 'multi-label' else 'wbc-binary'
    return [
        dict(
            name=name,
            group=task,
            config=f'configs/generational/{file}_unet-half_1xb8-5e_{data}-1_10-96x96.py',
            options={**options, **_ranked},
            **(dict(start='first networks') if _two.items() <= options.items() else {}),
        )
        for name, file, options in rows
    ]


rows = [row for task in ('multi-label', 'binary') for row in _rows(task)]
