# All methods over the share of labeled images, from ImageNet weights: CamVid at 160x120.
runs_of = 'camvid_lite0'
title = 'CamVid, from ImageNet weights: more methods and shares'
caption = (
    'CamVid at 160x120: 367 training images, of which 23 (1/16), 46 (1/8), 92 (1/4) or all have '
    'labels, 101 for validation, 233 for the test; eleven classes, EfficientNet-Lite0 with a '
    'feature pyramid (3.4 million weights), class weights from the labeled images. One network '
    'learns from the labeled images for 1600 updates (`first network`). Every other row begins '
    'with it and makes 1200 updates more, of 4 labeled images, and for the methods of 4 unlabeled '
    'ones beside them.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_end = 'lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
_supervised = f'configs/supervised/supervised_{_end}'
_methods = {
    'FixMatch': 'fixmatch/fixmatch',
    'FixMatch + IM': 'fixmatch/fixmatch-im',
    'UniMatch': 'unimatch/unimatch',
    'UniMatch + IM': 'unimatch/unimatch-im',
    'UniMatch V2': 'unimatch_v2/unimatch-v2',
    'UniMatch V2 + IM': 'unimatch_v2/unimatch-v2-im',
    'U2PL': 'u2pl/u2pl',
    'U2PL + IM': 'u2pl/u2pl-im',
    'AugSeg': 'augseg/augseg',
    'AugSeg + IM': 'augseg/augseg-im',
}
_after = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.0.end': 3,
    'optim_wrapper.optimizer.lr': 0.001,
}
_weights = {  # tools/class_weights.py --power 0.5, of the labeled images of each share
    '1/16': [0.48, 0.40, 1.81, 0.34, 1.00, 0.54, 1.62, 2.00, 0.65, 2.52, 2.96],
    '1/8': [0.51, 0.41, 2.14, 0.37, 1.00, 0.59, 1.99, 1.56, 0.71, 2.40, 3.26],
    '1/4': [0.53, 0.43, 2.16, 0.38, 1.00, 0.61, 1.91, 1.44, 0.80, 2.44, 2.58],
}


def _rows(share):
    """All rows of a share of labeled images."""
    data = {
        'train_dataloader.dataset.split': f'splits/{share.replace("/", "_")}',
        'model.decode_head.loss_decode.class_weight': _weights[share],
    }
    after = dict(group=share, start='first network', options={**_after, **data})
    return [
        dict(name='first network', group=share, config=_supervised, options=data),
        dict(after, name='labeled only', config=_supervised),
        *(dict(after, name=name, config=f'configs/{f}_{_end}') for name, f in _methods.items()),
    ]


rows = [row for share in ('1/16', '1/8', '1/4') for row in _rows(share)]
