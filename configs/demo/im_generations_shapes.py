# In generations: draws a small data set, trains two teachers on 12 labeled images, and
# two generations of students on what the teachers agree on.
_base_ = '../generational/im_unet-half_1xb8-5e_shapes-64x64.py'
train_dataloader = dict(dataset=dict(num_samples=960))
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=5, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(max_epochs=5, val_interval=1)
