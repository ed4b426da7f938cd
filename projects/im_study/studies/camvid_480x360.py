# For a GPU: the methods over the share of labeled images at CamVid's full size, from scratch.
# Not run so far.
_base_ = ['../../../configs/_base_/datasets/semi_camvid.py']
title = 'CamVid at 480x360, over the share of labeled images'
caption = (
    'Every row trains one network from scratch for 20000 updates of 8 labeled images, the methods '
    'with 8 unlabeled ones beside them.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'unet-half_1xb4-25e_camvid-1_8-160x120.py'
_files = {
    'labeled only': 'supervised/supervised',
    'FixMatch': 'fixmatch/fixmatch',
    'FixMatch + IM': 'fixmatch/fixmatch-im',
    'UniMatch': 'unimatch/unimatch',
    'UniMatch + IM': 'unimatch/unimatch-im',
    'UniMatch V2': 'unimatch_v2/unimatch-v2',
    'UniMatch V2 + IM': 'unimatch_v2/unimatch-v2-im',
}
_hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{_base_.data_root}/images/train',
    seg_map_dir=f'{_base_.data_root}/annotations/train',
)


def _options(name):
    """Full size, and the schedule; UniMatch needs two strong views."""
    views = _base_.two_views if name.startswith('UniMatch') else _base_.views
    return {
        'model.data_preprocessor.size': _base_.crop_size,
        'train_dataloader.batch_size': 8,
        'train_dataloader.num_workers': 8,
        'train_dataloader.dataset.num_samples': 8000,  # 1000 updates an epoch
        'train_dataloader.dataset.labeled.pipeline': _base_.train_pipeline,
        'train_dataloader.dataset.unlabeled.pipeline': [
            *_base_.load,
            _hidden,
            *_base_.geometry,
            dict(type='MultiView', views=views),
        ],
        'val_dataloader.dataset.pipeline': _base_.test_pipeline,
        'test_dataloader.dataset.pipeline': _base_.test_pipeline,
        'train_cfg.max_epochs': 20,
        'train_cfg.val_interval': 2,
        'param_scheduler.0.end': 20,
        'optim_wrapper.type': 'BFloat16OptimWrapper',
    }


rows = [
    dict(
        name=name,
        group=split.replace('_', '/'),
        config=f'configs/{file}_{_end}',
        options={**_options(name), 'train_dataloader.dataset.split': f'splits/{split}'},
    )
    for split in ('1_16', '1_8', '1_4')
    for name, file in _files.items()
]
rows.append(
    dict(
        name='all labels',
        group='1/1',
        config=f'configs/{_files["labeled only"]}_{_end}',
        options={
            **_options('all labels'),
            'train_dataloader.dataset.labeled.ann_file': '',
        },
    )
)
