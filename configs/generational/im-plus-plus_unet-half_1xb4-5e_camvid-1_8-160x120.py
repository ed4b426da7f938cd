# IM++: IM+, and a quality network decides how often a pseudo-labeled image is drawn (1 to 5 times).
_base_ = './im-plus_unet-half_1xb4-5e_camvid-1_8-160x120.py'
generations = dict(evalnet=_base_.quality_network)
train_dataloader = dict(dataset=dict(draws='quality'))
