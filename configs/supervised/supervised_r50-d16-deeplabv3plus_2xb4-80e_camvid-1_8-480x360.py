# Never trained here: it needs a GPU.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/camvid.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=_base_.crop_size), decode_head=dict(num_classes=11))
