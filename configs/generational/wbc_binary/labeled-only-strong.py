# Generation 0 alone, with strong augmentation.
_base_ = './labeled-only.py'
train_dataloader = dict(dataset=dict(labeled=dict(pipeline=_base_.strong_labeled_pipeline)))
