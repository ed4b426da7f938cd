# SPDX-License-Identifier: Apache-2.0
"""The configs that are written for a user, and the bases that are copied beside them.

A config in a folder of the user cannot name a base of the package: mmengine reads ``package::base``
of OpenMMLab's own packages only, and a path breaks when folder or installation move.
"""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .annotations import loader
from .scheme import Scheme

MARK = '# ' + '-' * 88 + ' the mark'
UPDATES = 2000  # of an online or supervised run
STRIDE = 16  # crops are multiples of it, for networks with up to four halvings
BASE_FOLDER = '_base_'
BASES = (
    'own_data/supervised.py',
    'own_data/fixmatch-im.py',
    'datasets/weak_strong_views.py',
    'models/unet_half.py',
    'schedules/adamw_20e.py',
    'default_runtime.py',
    'generations.py',
)


@dataclass(frozen=True)
class Facts:
    """What the configs depend on.

    Attributes:
        scheme (Scheme): Classes and label space.
        size (tuple[int, int]): Height and width to which images are brought.
        suffix (str): Of the images.
        labeled, unlabeled, val (int): Numbers of images.
    """

    scheme: Scheme
    size: tuple[int, int]
    suffix: str
    labeled: int
    unlabeled: int
    val: int


def crop_of(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width rounded down to multiples of ``STRIDE``, at least two of them."""
    height, width = (max(side // STRIDE, 2) * STRIDE for side in size)
    return height, width


def training_config(facts: Facts, name: str) -> str:
    """FixMatch with the mask; without unlabeled images, supervised training.

    The text builds on a file of ``BASES``.
    """
    scheme = facts.scheme
    semi = facts.unlabeled > 0
    images = facts.unlabeled if semi else facts.labeled
    batch = min(4, images)
    times = 1 if semi else math.ceil(max(100, images) / images)
    epochs = max(20, math.ceil(UPDATES / (images * times // batch)))
    dataset = 'MultiLabelDataset' if scheme.label_space == 'multilabel' else 'BaseSegDataset'
    of_epoch = 'the unlabeled images' if semi else f'the labeled images, {times} times'
    counts = (
        f'{facts.labeled} labeled, {facts.unlabeled} unlabeled and {facts.val} validation images'
    )
    method = 'FixMatch with the mask' if semi else 'Supervised: there are no unlabeled images'
    return f"""\
# {name}: {counts}, {scheme.label_space}.
# {method}. Edit the lines up to the mark.
_base_ = './_base_/own_data/{'fixmatch-im' if semi else 'supervised'}.py'
data_root = "{{{{ fileDirname }}}}"  # the folder of this file
img_suffix = {facts.suffix!r}
classes = {_tuple(scheme.names)}
palette = {[list(colour) for colour in scheme.palette]}
scale = {facts.size[::-1]}  # width, height to which images are brought
crop_size = {crop_of(facts.size)}  # height, width; multiples of {STRIDE}
batch_size = {batch}
max_epochs = {epochs}  # an epoch is one pass over {of_epoch}
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
labeled = dict(**images, pipeline=[_base_.image, annotation, *geometry, _base_.pack])
{_semi_dataset() if semi else _supervised_dataset(times)}
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
model = dict(
    label_space='{scheme.label_space}',
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=len(classes){_binary_head(scheme)}),
)
interval = max(max_epochs // 10, 1)
train_cfg = dict(max_epochs=max_epochs, val_interval=interval)
param_scheduler = [dict(_base_.param_scheduler[0], end=max_epochs)]
default_hooks = dict(checkpoint=dict(interval=interval))
"""


def _semi_dataset() -> str:
    return """\
unlabeled_pipeline = [*_base_.load, *geometry, dict(type='MultiView', views=_base_.views)]
train_dataset = dict(labeled=labeled, unlabeled=dict(**images, pipeline=unlabeled_pipeline))"""


def _supervised_dataset(times: int) -> str:
    return f'train_dataset = dict(times={times}, dataset=labeled)'


def _binary_head(scheme: Scheme) -> str:
    return ', out_channels=1, threshold=0.5' if scheme.label_space == 'binary' else ''


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


def copy_bases(folder: Path) -> None:
    """Copies the bases into ``_base_`` of a folder.

    Raises:
        UserError: If this installation of the package lacks its configs.
    """
    for name in BASES:
        source = configs() / BASE_FOLDER / name
        if not source.is_file():
            raise UserError(
                f'{source} is missing: this installation of mmseg_im lacks its configs. Install it '
                'again, from a wheel or with pip install -e of the whole repository.'
            )
        target = folder / BASE_FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def configs() -> Path:
    """The folder of the package's configs: that of a wheel, otherwise that of the repository."""
    package = Path(__file__).resolve().parents[1]
    installed = package / '.mim' / 'configs'
    return installed if installed.is_dir() else package.parent / 'configs'
