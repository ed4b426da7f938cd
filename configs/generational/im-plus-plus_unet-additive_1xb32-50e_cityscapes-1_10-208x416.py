# Never trained here: it needs Cityscapes.
# IM++: IM+, and a quality network decides how often a pseudo-labeled image is drawn (1 to 5 times).
_base_ = './im-plus_unet-additive_1xb32-50e_cityscapes-1_10-208x416.py'
generations = dict(evalnet=_base_.quality_network)
train_dataloader = dict(dataset=dict(draws='quality'))
