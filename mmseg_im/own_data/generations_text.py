# SPDX-License-Identifier: Apache-2.0
"""The text of the config that trains in generations."""

from .config_text import MARK, Facts


def generations_config(facts: Facts, name: str) -> str:
    """Inconsistency Masks in generations, on top of the config of :func:`training_config`."""
    overlapping = facts.scheme.label_space == 'multilabel'
    pseudo = 'LoadMultiLabelAnnotations' if overlapping else 'LoadAnnotations'
    return f"""\
# {name} in generations: two teachers label, two new students learn from what both agree on.
# Classes and sizes are those of {name}.py.
_base_ = './{name}.py'
num_samples = 4800  # images in each of five epochs, half of them labeled: 6000 updates a network
num_generations = 2
{MARK}
unlabeled = dict(
    **_base_.common, ann_file='unlabeled.txt', data_prefix=dict(img_path='images')
)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        _delete_=True,
        type='PseudoLabeledDataset',
        labeled_ratio=0.5,
        num_samples=num_samples,
        labeled=_base_.labeled,
        unlabeled=dict(
            **unlabeled,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='{pseudo}'),  # the pseudo-label
                dict(type='LoadInconsistencyMask'),
                *_base_.geometry,
                dict(type='FilterInconsistentPixels'),
                dict(type='PackSemiInputs'),
            ],
        ),
    ),
)
unlabeled_dataloader = dict(
    batch_size=1,  # images may differ in size
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **unlabeled,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=_base_.scale, keep_ratio=True),
            dict(type='PackSemiInputs'),
        ],
        test_mode=True,
    ),
)
# With images that are in no other list, listed in test.txt, take these lines out and add to the
# first config: test_dataloader = dict(val_dataloader, dataset=dict(..., ann_file='test.txt'))
test_dataloader = None
test_evaluator = None
test_cfg = None
model = dict(semi=None)
optim_wrapper = dict(optimizer=dict(lr=0.003, weight_decay=0.03))
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, begin=0, end=5, eta_min=0.0, by_epoch=True,
        convert_to_iter_based=True,
    )
]  # fmt: skip
train_cfg = dict(max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
default_hooks = dict(checkpoint=dict(interval=1))
runner_type = 'GenerationalRunner'
generations = dict(
    num_generations=num_generations,
    students_per_generation=2,
    num_teachers=2,
    metric='mIoU',
    im=dict(type='InconsistencyMask'),
)
"""
