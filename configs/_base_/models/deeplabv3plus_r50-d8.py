# At output stride 8 with multi-grid, as U2PL (CVPR 2022) and iMAS (CVPR 2023) use it.
_base_ = './deeplabv3plus_r50.py'
model = dict(
    backbone=dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), multi_grid=(4, 8, 16)),
    decode_head=dict(dilations=(1, 12, 24, 36)),
)
