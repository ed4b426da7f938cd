# The demo: do unlabeled images and the mask help? Shapes that draw themselves, 12 of 160 labeled.
title = 'Shapes'
caption = (
    'Coloured shapes of 96x96, 12 of 160 training images labeled, 40 for validation and 40 for the '
    'test. EfficientNet-Lite0 from ImageNet weights makes 360 updates; the methods learn from the '
    'labeled images alone in the first 160.'
)
metric = 'mIoU'
seeds = [0]
_config = 'configs/demo/fixmatch-im_lite0-fpn_shapes.py'
_one_view = {
    'model.semi.im': None,
    'model.semi.threshold': 0.95,
    'model.semi.teachers': [dict(type='EMATeacher', momentum=0.05)],
}
rows = [
    dict(name='labeled only', config=_config, options={'model.semi': None}),
    dict(name='FixMatch', config=_config, options=_one_view),
    dict(name='FixMatch + IM', config=_config),
]
