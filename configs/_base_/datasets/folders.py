# Images in images/{train,val,test} and annotations in folders of the same names below annotations:
# what a data set adds are its type, data_root and pipelines.
annotated = dict(img_path='images/train', seg_map_path='annotations/train')
unannotated = dict(img_path='images/train')
loader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_dataloader = dict(
    **loader,
    dataset=dict(
        data_prefix=dict(img_path='images/val', seg_map_path='annotations/val'), test_mode=True
    ),
)
test_dataloader = dict(
    **loader,
    dataset=dict(
        data_prefix=dict(img_path='images/test', seg_map_path='annotations/test'), test_mode=True
    ),
)
