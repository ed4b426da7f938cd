# SPDX-License-Identifier: Apache-2.0
"""The configs that are written for a user; the bases beside them are copies."""

from ..errors.wording import counted
from .annotations import loader
from .class_weights import loss_text
from .facts import BATCH, Facts, crop_of, epochs_of, updates_of
from .network_choices import NETWORKS, Network
from .scheme import Scheme

MARK = '# ' + '-' * 88 + ' the mark'


def training_config(facts: Facts, name: str) -> str:
    """FixMatch with the mask; without unlabeled images, supervised training.

    The text builds on files of :func:`~.copied_bases.bases`.
    """
    scheme, network = facts.scheme, NETWORKS[facts.network]
    semi = facts.unlabeled > 0
    samples, _ = epochs_of(facts)
    crop = crop_of(facts.size, network.divisor, network.crop)
    dataset = 'MultiLabelDataset' if scheme.label_space == 'multilabel' else 'BaseSegDataset'
    counts = (
        f'{facts.labeled} labeled, {facts.unlabeled} unlabeled and '
        f'{counted(facts.val, "validation image")}'
    )
    method = 'FixMatch with the mask' if semi else 'Supervised: there are no unlabeled images'
    return f"""\
# {name}: {counts}, {scheme.label_space}.
# {method}. Edit the lines up to the mark.
# Network: {network.reason}
# (init_project.py --network: {', '.join(NETWORKS)}).
_base_ = [
    './_base_/{network.model}',
    './_base_/{network.schedule}',
    './_base_/own_data/{'fixmatch-im' if semi else 'supervised'}.py',
]
data_root = "{{{{ fileDirname }}}}"  # the folder of this file
img_suffix = {facts.suffix!r}
classes = {_tuple(scheme.names)}
palette = {[list(colour) for colour in scheme.palette]}
{_class_weight(facts)}{_weights(network)}{_white(facts)}\
scale = {facts.size[::-1]}  # width, height to which images are brought
crop_size = {crop}  # height, width; multiples of {network.divisor}
batch_size = {BATCH}
{_epochs(facts)}early_stopping = 0  # end after so many validations without a better one; 0: never
{MARK}
images = dict(
    type='{dataset}',
    data_root=data_root,
    metainfo=dict(classes=classes, palette=palette),
    img_suffix=img_suffix,
    seg_map_suffix='.png',
)
annotation = dict(type='{loader(scheme)}')
resize = dict(type='Resize', scale=scale, keep_ratio=True)
geometry = [
    dict(type='RandomResize', scale=scale, ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    _base_.flip,
]
{_labeled(facts)}
{_semi_dataset() if semi else _supervised_dataset(samples // facts.labeled)}
train_dataloader = dict(batch_size=batch_size, dataset=train_dataset)
test_pipeline = [_base_.image, resize, annotation, _base_.pack]
flips = [dict(type='RandomFlip', prob=p, direction='horizontal') for p in (0.0, 1.0)]
tta_pipeline = [
    _base_.image,
    dict(type='TestTimeAug', transforms=[[resize], flips, [annotation], [_base_.pack]]),
]
val_dataloader = dict(dataset=dict(**images, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict({_metric(scheme)})
test_evaluator = val_evaluator
{_model(facts, semi)}
interval = max(max_epochs // 10, 1)
train_cfg = dict(max_epochs=max_epochs, val_interval=interval)
param_scheduler = [dict(_base_.param_scheduler[0], end=max_epochs)]
best = dict(metric={_best(facts, 'classes')}, patience=early_stopping)
default_hooks = dict(checkpoint=dict(interval=interval), best=best)
"""


def _labeled(facts: Facts) -> str:
    pipeline = 'pipeline=[_base_.image, annotation, *geometry, _base_.pack]'
    if not facts.lacking:
        return f'labeled = dict(**images, {pipeline})'
    return f"""\
labeled = dict(
    **dict(images, metainfo=dict(images['metainfo'], may_lack_classes=True)),  # one is in no mask
    {pipeline},
)"""


def _class_weight(facts: Facts) -> str:
    if facts.class_weight is None:
        return ''
    what = {
        'multiclass': 'of the loss of each class: rare ones weigh more',
        'binary': 'of the loss where there is foreground, which is rare',
        'multilabel': 'of the loss where each class is present',
    }[facts.scheme.label_space]
    return f'class_weight = {facts.class_weight}  # {what}; 1: none\n'


def _epochs(facts: Facts) -> str:
    samples, epochs = epochs_of(facts)
    updates = f'{epochs * (samples // BATCH)} updates'
    if not facts.unlabeled:
        return f'max_epochs = {epochs}  # {updates}\n'
    return f"""\
samples_per_epoch = {samples}  # drawn from {counted(facts.unlabeled, 'unlabeled image')}
max_epochs = {epochs}  # {updates}
labeled_share = 0.5  # of the updates, the first: they learn from the labeled images alone
"""


def _weights(network: Network) -> str:
    return f'weights = {network.weights!r}  # {network.note}\n' if network.weights else ''


def _white(facts: Facts) -> str:
    if not facts.white:
        return ''
    return f'white = {facts.white}  # value of 16-bit files that became 255; for predict.py\n'


def _model(facts: Facts, semi: bool) -> str:
    scheme, network = facts.scheme, NETWORKS[facts.network]
    pad = f', test_cfg=dict(size_divisor={network.divisor})' if network.pad else ''
    parts = [
        f"label_space='{scheme.label_space}'",
        f'data_preprocessor=dict(size=crop_size{pad})',
    ]
    if semi:
        parts.append('sup_only_iters=labeled_first')
    if network.weights:
        parts.append('backbone=dict(init_cfg=dict(checkpoint=weights))')
    head = ['num_classes=len(classes)']
    if scheme.label_space == 'binary':
        head.append('out_channels=1, threshold=0.5')
    if facts.class_weight is not None:
        head.append(loss_text(scheme.label_space, 'class_weight'))
    parts.append('decode_head=dict(\n        ' + ',\n        '.join(head) + ',\n    )')
    if semi and network.divisor == 16:
        parts.append('semi=_base_.semi')
    elif semi:
        teacher = f'dict(_base_.teacher, size_divisor={network.divisor})'
        parts.append(f'semi=dict(_base_.semi, teachers=[{teacher}])')
    return 'model = dict(\n    ' + ',\n    '.join(parts) + ',\n)'


def _best(facts: Facts, classes: str) -> str:
    """Text of the metric that decides: of two classes, the IoU of the foreground."""
    binary = facts.scheme.label_space == 'binary'
    return f"f'IoU/{{{classes}[1]}}'" if binary else "'mIoU'"


def _semi_dataset() -> str:
    return """\
unlabeled_pipeline = [*_base_.load, *geometry, dict(type='MultiView', views=_base_.views)]
train_dataset = dict(
    num_samples=samples_per_epoch,
    labeled=labeled,
    unlabeled=dict(**images, pipeline=unlabeled_pipeline),
)
labeled_first = int(labeled_share * max_epochs * (samples_per_epoch // batch_size))"""


def _supervised_dataset(times: int) -> str:
    return f'train_dataset = dict(times={times}, dataset=labeled)'


def _metric(scheme: Scheme) -> str:
    if scheme.label_space == 'multilabel':
        return "type='MultiLabelIoUMetric'"
    return "type='ClassIoUMetric', iou_metrics=['mIoU']"


def _tuple(names: tuple[str, ...]) -> str:
    return f'({", ".join(map(repr, names))})'


def generations_config(facts: Facts, name: str) -> str:
    """Inconsistency Masks in generations, on top of the config of :func:`training_config`."""
    overlapping = facts.scheme.label_space == 'multilabel'
    pseudo = 'LoadMultiLabelAnnotations' if overlapping else 'LoadAnnotations'
    pretrained = NETWORKS[facts.network].pretrained
    updates = updates_of(facts)
    rate = (
        '' if pretrained else 'optim_wrapper = dict(optimizer=dict(lr=0.003, weight_decay=0.03))\n'
    )
    return f"""\
# {name} in generations: two teachers label, two new students learn from what both agree on.
# Classes and sizes are those of {name}.py.
_base_ = ['./{name}.py', './_base_/generations.py']
# {updates} updates a network; half of the images are labeled
num_samples = {updates * BATCH // 5}  # images in each of five epochs
num_generations = 2
{MARK}
runner_type = 'GenerationalRunner'
generations = dict(num_generations=num_generations, metric={_best(facts, '_base_.classes')})
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
{rate}param_scheduler = [dict(_base_.param_scheduler[0], end=5)]
train_cfg = dict(max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
default_hooks = dict(checkpoint=dict(interval=1))
"""
