# SPDX-License-Identifier: Apache-2.0
"""What the written configs depend on, and the numbers that follow from it."""

import math
from dataclasses import dataclass, field

from .network_choices import NETWORKS
from .scheme import Scheme

BATCH = 4
PASSES = 100  # over all training images, if that makes no fewer and no more updates than these:
LEAST_UPDATES, MOST_UPDATES = 500, 2000
FROM_SCRATCH = 6000  # updates of a network that begins without weights
LEAST_EPOCHS = 20  # and so many passes over the labeled images at least
EPOCH = 100  # images in an epoch, where there are fewer; twenty make the least updates


@dataclass(frozen=True)
class Facts:
    """What the configs depend on.

    Attributes:
        scheme (Scheme): Classes and label space.
        size (tuple[int, int]): Height and width to which images are brought.
        suffix (str): Of the images.
        labeled, unlabeled, val (int): Numbers of images.
        network (str): Name in :data:`~.network_choices.NETWORKS`.
        class_weight (list[float], optional): See :func:`~.class_weights.default_weights`.
        white (dict[str, int]): See :func:`~.white.levels_by_suffix`.
        lacking (bool): Whether no labeled image shows one of the classes.
    """

    scheme: Scheme
    size: tuple[int, int]
    suffix: str
    labeled: int
    unlabeled: int
    val: int
    network: str
    class_weight: list[float] | None
    white: dict[str, int] = field(default_factory=dict)
    lacking: bool = False


def crop_of(size: tuple[int, int], divisor: int, longest: int) -> tuple[int, int]:
    """Height and width, at most ``longest``, as multiples of a divisor: at least two of them."""
    height, width = (max(min(side, longest) // divisor, 2) * divisor for side in size)
    return height, width


def updates_of(facts: Facts) -> int:
    """How many updates suit so many images: with few, more would only repeat them."""
    if not NETWORKS[facts.network].pretrained:
        return max(FROM_SCRATCH, LEAST_EPOCHS * facts.labeled // BATCH)
    passes = PASSES * (facts.labeled + facts.unlabeled) // BATCH
    few = min(max(passes, LEAST_UPDATES), MOST_UPDATES)
    return max(few, LEAST_EPOCHS * facts.labeled // BATCH)


def epochs_of(facts: Facts) -> tuple[int, int]:
    """Images in an epoch and number of epochs, of an online or supervised training.

    An epoch is one pass over the unlabeled images (without them: over the labeled ones), several
    where they are fewer than ``EPOCH``, and a part of one where they are so many that twenty
    passes would make more updates than :func:`updates_of`.
    """
    updates = updates_of(facts)
    if facts.unlabeled:
        samples = min(max(facts.unlabeled, EPOCH), updates * BATCH // LEAST_EPOCHS)
    else:
        samples = math.ceil(EPOCH / facts.labeled) * facts.labeled
    return samples, max(LEAST_EPOCHS, math.ceil(updates / (samples // BATCH)))
