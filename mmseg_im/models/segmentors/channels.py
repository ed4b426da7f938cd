# SPDX-License-Identifier: Apache-2.0
"""How many channels the images of a network have, and whether its parts agree on it."""

import inspect

from mmengine.config import ConfigDict
from mmseg.models import EncoderDecoder
from torch import nn

from ...errors import UserError


def check_channels(network: EncoderDecoder, backbone: dict | None) -> None:
    """Checks that mean and std have a value for each channel that the backbone takes, or one.

    Args:
        network (EncoderDecoder): Of mmseg, built.
        backbone (dict, optional): The config of its backbone; None: not known.

    Raises:
        UserError: If they do not fit.
    """
    constants = network.data_preprocessor
    expected = image_channels(network.backbone, backbone or {})
    if expected is None or not getattr(constants, '_enable_normalize', False):
        return
    for name in ('mean', 'std'):
        count = len(getattr(constants, name))
        if count not in (1, expected):
            raise UserError(
                f'model.data_preprocessor.{name} has {count} values, and model.backbone '
                f'({type(network.backbone).__name__}) takes images of {expected} channels '
                '(in_channels). Give each channel its value, or one for all, or correct '
                'in_channels.'
            )


def image_channels(backbone: object, cfg: dict | ConfigDict) -> int | None:
    """Returns how many channels the images of a backbone have; None if it does not say.

    Args:
        backbone: Of mmseg or this package.
        cfg (dict): Its config, where ``in_channels`` counts before the default of the class.
    """
    found = cfg.get('in_channels')
    for cls in type(backbone).__mro__:  # ResNetV1c hands its options on to ResNet
        if isinstance(found, int):
            return found
        init = vars(cls).get('__init__')
        option = inspect.signature(init).parameters.get('in_channels') if init else None
        found = option.default if option is not None else vars(cls).get('in_channels')
    return None


def input_channels(network: EncoderDecoder) -> int:
    """Returns the number of channels of an image: that of ``mean``, or of the first convolution."""
    preprocessor = network.data_preprocessor
    if getattr(preprocessor, '_enable_normalize', False) and len(preprocessor.mean) > 1:
        return len(preprocessor.mean)  # one value is for all channels
    convolutions = (m for m in network.backbone.modules() if isinstance(m, nn.Conv2d))
    return next((convolution.in_channels for convolution in convolutions), 3)
