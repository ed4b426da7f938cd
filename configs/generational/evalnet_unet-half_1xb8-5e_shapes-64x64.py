# Never trained here: tests build it.
# The quality network without a mask: mean of the teachers' probabilities. Images that are judged
# worse than the worst quarter of the labels of validation images are left out, the others are drawn
# 1 to 5 times.
_base_ = './im_unet-half_1xb8-5e_shapes-64x64.py'
generations = dict(im=None, evalnet=dict(_base_.quality_network, drop_quantile=0.25))
train_dataloader = dict(dataset=dict(draws='quality'))
