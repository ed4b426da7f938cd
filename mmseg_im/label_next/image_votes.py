# SPDX-License-Identifier: Apache-2.0
"""What several voters say about each of many images, in a few numbers an image."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from mmengine.runner import Runner
from mmseg.models.segmentors.base import BaseSegmentor
from rich.progress import track
from torch import Tensor

from ..errors import UserError
from ..inconsistency.voting import Aggregate
from ..labels.spaces import LabelSpace
from ..models.segmentors.ensemble import EnsembleSegmentor


class ImageVote(NamedTuple):
    """The votes on one image.

    Attributes:
        masked (float): Share of the pixels on which the voters disagree, in any label map.
        disputed (np.ndarray): (C,) share of the pixels that one voter gives a class and another
            does not. Of a binary task (1,), the foreground: what is disputed of the background is
            the same.
        confidence (float): Of the label of the mean probability; mean over the pixels.
    """

    masked: float
    disputed: np.ndarray
    confidence: float


def count_votes(space: LabelSpace, voters: Iterable[Tensor]) -> ImageVote | None:
    """Counts the votes on one image; memory does not grow with the number of voters.

    Args:
        space (LabelSpace): The task.
        voters (Iterable[Tensor]): (1, C, H, W) logits of each.

    Returns:
        ImageVote or None: None if a voter returned NaN or inf.
    """
    total = Aggregate(space)
    some = every = None
    for logits in voters:
        maps = space.class_maps(total.add(logits))[:, -space.out_channels :]
        some = maps if some is None else some | maps
        every = maps if every is None else every & maps
    mean = total.mean()
    if some is None or every is None or not bool(total.finite):
        return None
    disputed = (some & ~every)[0]
    return ImageVote(
        float(disputed.any(dim=0).double().mean()),
        disputed.flatten(1).double().mean(dim=1).cpu().numpy(),
        float(space.confidence(mean, space.hard(mean)).double().mean()),
    )


@contextlib.contextmanager
def mean_features(network: BaseSegmentor) -> Iterator[list[Tensor]]:
    """Collects the mean features of a network's backbone while it predicts.

    Yields:
        list[Tensor]: (D,) float32 for each image and view: the mean over all positions of the
        smallest map that the backbone returns; of equally small ones of the last.
    """
    found: list[Tensor] = []

    def take(module, inputs, output) -> None:
        maps = [output] if isinstance(output, Tensor) else list(output)
        maps = [one if isinstance(one, Tensor) else one[0] for one in maps]  # with a class token
        deepest = min(reversed(maps), key=lambda one: one.shape[2] * one.shape[3])
        found.extend(deepest.float().mean(dim=(2, 3)))

    handle = network.backbone.register_forward_hook(take)
    try:
        yield found
    finally:
        handle.remove()


def vote_on(
    ensemble: EnsembleSegmentor, dataset, loader: dict
) -> tuple[list[ImageVote], np.ndarray]:
    """Lets an ensemble vote on all images of a data set.

    Args:
        ensemble (EnsembleSegmentor): The voters. The features are those of its first network.
        dataset: Of images without annotations.
        loader (dict): Config of a dataloader, whose data set is replaced.

    Returns:
        tuple[list[ImageVote], np.ndarray]: The votes on each image, and (N, D) float32 features.

    Raises:
        UserError: If a network returns NaN.
    """
    device = next(ensemble.parameters()).device
    batches = Runner.build_dataloader(dict(loader, dataset=dataset), seed=0)
    votes, features = [], []
    with mean_features(ensemble.networks[0]) as found, torch.no_grad():
        for batch in track(batches, 'Predicting'):
            for inputs, sample in zip(batch['inputs'], batch['data_samples'], strict=True):
                logits = ensemble.logits([inputs.to(device)], [sample])
                vote = count_votes(ensemble.label_space, logits)
                if vote is None:
                    raise UserError(
                        f'A network returned NaN for {sample.img_path}: it cannot vote. Leave its '
                        'checkpoint out, or train it again.'
                    )
                votes.append(vote)
                features.append(torch.stack(found).mean(dim=0).cpu().numpy())
                found.clear()
    return votes, np.stack(features)
