# Never trained here: tests build it.
# IM++: IM+, and a quality network decides how often a pseudo-labeled image is drawn (1 to 5 times).
_base_ = './im-plus_unet-half_1xb8-5e_shapes-64x64.py'
generations = dict(evalnet=_base_.quality_network)
train_dataloader = dict(dataset=dict(draws='quality'))
