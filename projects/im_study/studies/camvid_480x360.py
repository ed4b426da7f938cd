# For a GPU: what unlabeled images and the mask add at CamVid's full size, to EfficientNet-Lite2.
_base_ = ['../../../configs/_base_/datasets/semi_camvid.py']
title = 'CamVid at full size, from ImageNet weights'
caption = (
    'CamVid at 480x360, 23 labeled images (1/16) or all of 367; eleven classes, '
    'EfficientNet-Lite2 with a feature pyramid, class weights from the labeled images. One '
    'network learns from the labeled images for 1600 updates (`first network`). Every other row '
    'begins with it and makes 1200 updates more, of 4 labeled images, and for the methods of 4 '
    'unlabeled ones beside them.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
_supervised = f'configs/supervised/supervised_{_end}'
_methods = {
    'labeled only': _supervised,
    'FixMatch': f'configs/fixmatch/fixmatch_{_end}',
    'FixMatch + IM': f'configs/fixmatch/fixmatch-im_{_end}',
    'UniMatch V2': f'configs/unimatch_v2/unimatch-v2_{_end}',
    'UniMatch V2 + IM': f'configs/unimatch_v2/unimatch-v2-im_{_end}',
}
_weights = {  # tools/class_weights.py --power 0.5, of the labeled images of each share
    '1/16': [0.48, 0.40, 1.81, 0.34, 1.00, 0.54, 1.62, 2.00, 0.65, 2.52, 2.96],
    '1/1': [0.53, 0.45, 2.19, 0.39, 1.00, 0.65, 1.96, 1.41, 0.89, 2.53, 2.97],
}
_hidden = dict(
    type='LoadHiddenAnnotations',
    img_dir=f'{_base_.data_root}/images/train',
    seg_map_dir=f'{_base_.data_root}/annotations/train',
)
_labels = {
    '1/16': {'train_dataloader.dataset.split': 'splits/1_16'},
    '1/1': {'train_dataloader.dataset.labeled.ann_file': ''},
}
_after = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.0.end': 3,
    'optim_wrapper.optimizer.lr': 0.001,
}


def _row(name, share, config, **more):
    """Lite2 and full size; UniMatch V2 needs two strong views."""
    views = _base_.two_views if name.startswith('UniMatch') else _base_.views
    options = {
        'model.backbone.arch': 'lite2',
        'model.backbone.init_cfg.checkpoint': 'efficientnet-lite2',
        'model.neck.in_channels': [24, 48, 120, 352],
        'model.decode_head.loss_decode.class_weight': _weights[share],
        'model.data_preprocessor.size': _base_.crop_size,
        'train_dataloader.num_workers': 4,
        'train_dataloader.dataset.labeled.pipeline': _base_.train_pipeline,
        'train_dataloader.dataset.unlabeled.pipeline': [
            *_base_.load,
            _hidden,
            *_base_.geometry,
            dict(type='MultiView', views=views),
        ],
        'val_dataloader.dataset.pipeline': _base_.test_pipeline,
        'test_dataloader.dataset.pipeline': _base_.test_pipeline,
        **_labels[share],
        **(_after if 'start' in more else {}),
    }
    return dict(name=name, group=share, config=config, options=options, **more)


rows = [
    _row('first network', '1/16', _supervised),
    *(_row(name, '1/16', config, start='first network') for name, config in _methods.items()),
    _row('first network', '1/1', _supervised),
    _row('all labels', '1/1', _supervised, start='first network'),
]
