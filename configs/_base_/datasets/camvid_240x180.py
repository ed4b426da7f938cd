# CamVid at half size (240x180), 1/8 of the labels, supervised.
_base_ = './camvid.py'
crop_size = (176, 240)
train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (240, 180)
train_pipeline[3].crop_size = crop_size
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (240, 180)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
