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
_base_ = ['./{name}.py', './_base_/generations.py']
num_samples = 4800  # images in each of five epochs, half of them labeled: 6000 updates a network
num_generations = 2
{MARK}
runner_type = 'GenerationalRunner'
generations = dict(num_generations=num_generations)
unlabeled = dict(_base_.unlabeled, **_base_.images)
# a pseudo-label is an annotation, and beside it lies its mask
load = [_base_.image, dict(type='{pseudo}'), dict(type='LoadInconsistencyMask')]
learn = [*load, *_base_.geometry, dict(type='FilterInconsistentPixels'), _base_.pack]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        _delete_=True,
        type='PseudoLabeledDataset',
        labeled_ratio=0.5,
        num_samples=num_samples,
        labeled=_base_.train_dataloader.dataset.labeled,
        unlabeled=dict(**unlabeled, pipeline=learn),
    ),
)
unlabeled_dataloader = dict(
    **_base_.loader,
    dataset=dict(**unlabeled, pipeline=[_base_.image, _base_.resize, _base_.pack], test_mode=True),
)
# With images that are in no other list, listed in test.txt, take these lines out and add to the
# first config: test_dataloader = dict(val_dataloader, dataset=dict(..., ann_file='test.txt'))
test_dataloader = None
test_evaluator = None
test_cfg = None
model = dict(semi=None)
optim_wrapper = dict(optimizer=dict(lr=0.003, weight_decay=0.03))
param_scheduler = [dict(_base_.param_scheduler[0], end=5)]
train_cfg = dict(max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
default_hooks = dict(checkpoint=dict(interval=1))
"""
