# CamVid at half size (240x180), 1/8 of the labels, supervised.
_base_ = './camvid.py'
crop_size = (176, 240)
geometry = [
    dict(_base_.geometry[0], scale=(240, 180)),
    dict(_base_.geometry[1], crop_size=crop_size),
    _base_.geometry[2],
]
train_pipeline = [*_base_.load_train, *geometry, _base_.pack]
test_pipeline = [
    _base_.load_train[0], dict(_base_.resize, scale=(240, 180)), _base_.load_train[1], _base_.pack
]  # fmt: skip
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
