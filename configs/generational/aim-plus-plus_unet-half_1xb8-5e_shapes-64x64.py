# Never trained here: tests build it.
# AIM++: IM++ with strong augmentation of the labeled images, for teachers and students.
_base_ = './im-plus-plus_unet-half_1xb8-5e_shapes-64x64.py'
train_dataloader = dict(dataset=dict(labeled=dict(pipeline=_base_.strong_labeled_pipeline)))
