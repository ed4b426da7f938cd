# Never trained here: tests build it.
# AIM++: IM++ with strong augmentation of the labeled images, for teachers and students.
_base_ = './im-plus-plus_unet-half_1xb4-5e_camvid-1_8-160x120.py'
train_dataloader = dict(dataset=dict(labeled=dict(pipeline=_base_.strong_labeled_pipeline)))
