# The demo: do unlabeled images and the mask help? Shapes that draw themselves, 4 of 160 labeled.
title = 'Shapes'
caption = (
    'Patterned shapes of any colour, 64x64, 4 of 160 training images labeled, 40 for validation '
    'and 40 for the test. EfficientNet-Lite0 with a feature pyramid, from ImageNet weights, makes '
    '390 updates; the methods learn from the labeled images alone in the first 156.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_config = 'configs/demo/fixmatch-im_lite0-fpn_shapes.py'
_published = {
    'model.semi.im': None,
    'model.semi.threshold': 0.95,
    'model.semi.teachers': [dict(type='EMATeacher', momentum=0.03)],
}
rows = [
    dict(name='labeled only', config=_config, options={'model.semi': None}),
    dict(name='FixMatch', config=_config, options=_published),
    dict(name='FixMatch + IM', config=_config),
]
