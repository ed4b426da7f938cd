# Labeled images alone, for tools/init_project.py: it copies this file, and those that it builds on,
# into _base_ beside the config that it writes, which adds a network and its schedule. What depends
# on the images stands in that config, because mmengine reads a base before what builds on it.
_base_ = '../default_runtime.py'
image = dict(type='LoadImageFromFile')
pack = dict(type='PackSemiInputs')
flip = dict(type='RandomFlip', prob=0.5)
labeled = dict(
    ann_file='labeled.txt', data_prefix=dict(img_path='images', seg_map_path='annotations')
)
train_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='SeededDataset', dataset=labeled),
)
loader = dict(
    batch_size=1,  # images may differ in size
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_dataloader = dict(**loader, dataset=dict(labeled, ann_file='val.txt', test_mode=True))
test_dataloader = val_dataloader
