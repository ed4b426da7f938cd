# AIM+: IM+ with strong augmentation of the labeled images, for teachers and students.
_base_ = './im-plus.py'
train_dataloader = dict(dataset=dict(labeled=dict(pipeline=_base_.strong_labeled_pipeline)))
