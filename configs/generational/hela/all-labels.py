# Generation 0 alone, with the annotations of all training images.
_base_ = './labeled-only.py'
train_dataloader = dict(dataset=dict(labeled=dict(ann_file='')))
