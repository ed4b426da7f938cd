# Never trained here: tests build it.
# Generation 0 alone, with strong augmentation.
_base_ = './im_unet-half_1xb8-5e_shapes-64x64.py'
generations = dict(num_generations=0, im=None)
train_dataloader = dict(dataset=dict(labeled=dict(pipeline=_base_.strong_labeled_pipeline)))
