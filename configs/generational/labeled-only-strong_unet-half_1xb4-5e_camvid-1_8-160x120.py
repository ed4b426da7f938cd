# Never trained here: tests build it.
# Generation 0 alone, with strong augmentation.
_base_ = './im_unet-half_1xb4-5e_camvid-1_8-160x120.py'
generations = dict(num_generations=0, im=None)
train_dataloader = dict(dataset=dict(labeled=dict(pipeline=_base_.strong_labeled_pipeline)))
