# SPDX-License-Identifier: Apache-2.0
"""Label, mask and a few numbers of one image, from any number of voters."""

from typing import NamedTuple

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from ..errors import UserError
from ..inconsistency.voting import Aggregate, Votes
from ..models.segmentors.ensemble import EnsembleSegmentor
from .rows_of_voters import LARGE, voters_in_rows


class Prediction(NamedTuple):
    """What voters say about an image.

    Attributes:
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (H, W) bool, where the voters disagree, in any label map.
        masked (float): Its share of the pixels.
        confidence (float): Mean probability of the label, in [0, 1].
        shares (np.ndarray): (C,) share of the pixels that have each class.
    """

    label: np.ndarray
    mask: np.ndarray
    masked: float
    confidence: float
    shares: np.ndarray


@torch.no_grad()
def predict_image(
    ensemble: EnsembleSegmentor,
    image: Tensor,
    sample: SegDataSample,
    crop: tuple[int, int],
    large: int = LARGE,
) -> Prediction:
    """Predicts an image of any size.

    Args:
        ensemble (EnsembleSegmentor): One voter or more.
        image (Tensor): (3, h, w) uint8, as packed.
        sample (SegDataSample): Its sample.
        crop (tuple[int, int]): See :func:`~.rows_of_voters.windows_of`.
        large (int): See :func:`~.rows_of_voters.voters_in_rows`.

    Raises:
        UserError: If a network returns NaN.
    """
    space = ensemble.label_space
    size = tuple(sample.ori_shape)
    label = np.empty((space.num_maps, *size), np.uint8)
    mask = np.empty(size, bool)
    confidence = torch.zeros((), dtype=torch.double, device=image.device)
    pixels = torch.zeros(space.num_classes, dtype=torch.double, device=image.device)
    for rows in voters_in_rows(ensemble, image, sample, crop, large):
        votes = Votes(ensemble.min_agreement, space.num_labels)
        total = Aggregate(space, votes)
        for logits in rows.voters:
            total.add(logits.contiguous())  # see labels.logits.at_size
            del logits
        if not bool(total.finite):
            raise UserError(
                f'{sample.img_path} makes a network return NaN. Look at the image, or name '
                'another checkpoint.'
            )
        hard, inconsistent = ensemble.decide(total, votes)
        confidence += space.confidence(total.mean(), hard).double().sum()
        pixels += space.count(hard, torch.ones((), dtype=torch.bool, device=hard.device))
        label[:, rows.first : rows.last] = hard[0].cpu().numpy()
        mask[rows.first : rows.last] = inconsistent[0].any(dim=0).cpu().numpy()
        del votes, total, hard, inconsistent  # not beside those of the next rows
    return Prediction(
        label,
        mask,
        float(mask.mean()),
        float(confidence) / label.size,
        (pixels / mask.size).cpu().numpy(),
    )
