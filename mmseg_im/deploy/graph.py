# SPDX-License-Identifier: Apache-2.0
"""One module from the values of a picture to scores and labels, as a test of mmseg predicts."""

import copy
from typing import Any

import torch.nn.functional as F
from mmengine.model import revert_sync_batchnorm
from mmseg.models import EncoderDecoder, SegDataPreProcessor
from mmseg.models.utils.wrappers import Upsample
from torch import Tensor, nn

from ..compat import swaps_channels
from ..errors import UserError
from ..labels.spaces import LabelSpace, build_label_space
from ..models.segmentors.channels import input_channels
from ..models.segmentors.heads import as_list


class PredictionGraph(nn.Module):
    """Normalisation, padding, network and label space of a segmentor in one forward pass.

    The whole image passes at once, whatever ``model.test_cfg`` says. Everything is a copy, in eval
    mode.

    Args:
        network (EncoderDecoder): With its weights.

    Raises:
        UserError: If its head or its data preprocessor predicts in another way.
    """

    network: EncoderDecoder

    def __init__(self, network: EncoderDecoder):
        super().__init__()
        preprocessor = network.data_preprocessor
        self.space = label_space(network)
        self.align_corners: bool = network.align_corners
        self.divisor = _padding(preprocessor)
        self.pad_value: float = preprocessor.pad_val
        channels = input_channels(network)
        # pictures are RGB here; without a conversion the network sees them as OpenCV reads them
        self.reverse = channels == 3 and not swaps_channels(preprocessor)
        if preprocessor._enable_normalize:
            self.register_buffer('mean', preprocessor.mean.clone())
            self.register_buffer('std', preprocessor.std.clone())
        else:
            self.mean = self.std = None
        self.network: Any = _with_plain_upsampling(revert_sync_batchnorm(copy.deepcopy(network)))
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Predicts a batch.

        Args:
            image (Tensor): (N, 3, H, W) float32, RGB, values as in the file (0 to 255).

        Returns:
            tuple[Tensor, Tensor]: Scores (N, C, H, W) float32 in [0, 1], and labels (N, M, H, W)
            uint8, see :class:`~mmseg_im.labels.spaces.LabelSpace`.
        """
        height, width = image.shape[2:]
        x = image.flip(1) if self.reverse else image
        if self.mean is not None:
            x = (x - self.mean) / self.std
        below, right = (
            (side + self.divisor - 1) // self.divisor * self.divisor - side
            for side in (height, width)
        )
        if self.divisor > 1:
            x = F.pad(x, (0, right, 0, below), value=self.pad_value)
        raw = self.network._forward(x)
        logits = F.interpolate(
            raw, size=x.shape[2:], mode='bilinear', align_corners=self.align_corners
        )
        scores = self.space.probs(logits[:, :, :height, :width])
        return scores, self.space.hard(scores)


def label_space(network: EncoderDecoder) -> LabelSpace:
    """Returns the label space of a segmentor, also of mmseg's own, which do not name it."""
    space = getattr(network, 'label_space', None)
    if isinstance(space, LabelSpace):
        return space
    if network.out_channels != 1:
        return build_label_space('multiclass', network.num_classes, network.out_channels)
    threshold = as_list(network.decode_head)[-1].threshold
    return build_label_space(dict(type='binary', threshold=threshold), 2, 1)


def _padding(preprocessor: SegDataPreProcessor) -> int:
    options = preprocessor.test_cfg or {}
    if options.get('size') is not None:
        raise UserError(
            f'model.data_preprocessor.test_cfg.size={tuple(options["size"])} pads every image to '
            'one size, which an exported graph does not do: set size_divisor in its place.'
        )
    return options.get('size_divisor') or 1


def _with_plain_upsampling(network: nn.Module) -> nn.Module:
    """Replaces mmseg's ``Upsample``, which turns sizes into constants, by torch's, in place.

    Factors are whole numbers in all networks of mmseg, where both do the same.
    """
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, Upsample) and not child.size:
                setattr(
                    parent, name, nn.Upsample(None, child.scale_factor, child.mode,
                                              child.align_corners)
                )  # fmt: skip
    return network
