# SPDX-License-Identifier: Apache-2.0
"""What a method may ask of the student, the segmentor in training."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from mmengine.model import BaseDataPreprocessor
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample
from torch import Tensor

from ..labels.spaces import LabelSpace

Views = dict[str, Tensor]
"""The views of a batch: name to (N, 3, H, W), normalised; ``sup`` is labeled."""

Samples = dict[str, list[SegDataSample]]
"""The samples of each view, under the same names."""


class JointPass(NamedTuple):
    """What :meth:`Student.joint` found of N labeled and M unlabeled images.

    Attributes:
        losses (dict[str, Tensor]): Supervised losses of the labeled images.
        logits (Tensor): (M, C, H, W) of the unlabeled images.
        perturbed (Tensor): (M, C, H, W), likewise from the changed features; (0, C, H, W) if none
            were changed.
        features (tuple[Tensor]): Maps of the backbone (and neck), (N + M, c, h, w) each; of
            labeled images of another size (M, c, h, w), without these; empty of a cascade.
        raw (Tensor): (N + M, C, h, w) or, likewise, (M, C, h, w) logits of the decode head.
        labeled_logits (Tensor): (N, C, H, W) of the labeled images at their size, which may be
            another one; (0, C, H, W) of a cascade.
        labeled_features (tuple[Tensor]): Their maps, (N, c, h, w) each.
    """

    losses: dict[str, Tensor]
    logits: Tensor
    perturbed: Tensor
    features: tuple[Tensor, ...]
    raw: Tensor
    labeled_logits: Tensor
    labeled_features: tuple[Tensor, ...]


class Student(Protocol):
    """A segmentor whose method asks it for losses and predictions.

    ``SemiSegmentor`` is one, and ``SemiCascadeSegmentor``, whose :meth:`joint` returns no features.
    """

    label_space: LabelSpace
    """LabelSpace: The task: probabilities, hard labels and the loss of a pixel."""

    num_classes: int
    """int: C of the data set."""

    out_channels: int
    """int: Channels of the logits."""

    data_preprocessor: BaseDataPreprocessor
    """BaseDataPreprocessor: Normalises and pads; has ``mean`` and ``std`` if it normalises."""

    align_corners: bool
    """bool: How the decode head resizes."""

    decode_head: BaseDecodeHead
    """BaseDecodeHead: From feature maps to raw logits; a ``ModuleList`` is a cascade."""

    def supervised(self, image: Tensor, samples: list[SegDataSample]) -> dict[str, Tensor]:
        """The losses of labeled images (N, 3, H, W), of decode head and auxiliary heads."""

    def logits(self, image: Tensor) -> Tensor:
        """Predicts images (N, 3, H, W): logits (N, C, H, W) at the input size."""

    def joint(
        self,
        image: Tensor,
        samples: list[SegDataSample],
        others: Tensor,
        perturb: Callable[[tuple[Tensor, ...]], Sequence[Tensor]] | None = None,
    ) -> JointPass:
        """Passes labeled and unlabeled images together, so that batch norm sees all of them.

        Args:
            image (Tensor): (N, 3, H, W), labeled.
            samples (list[SegDataSample]): Their samples.
            others (Tensor): (M, 3, H, W) unlabeled views.
            perturb (Callable, optional): Changes the feature maps (N + M, c, h, w); the decoder
                then sees the plain and the changed ones.
        """

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Maps (N, c, h, w) of the backbone (and neck) from images (N, 3, H, W)."""

    def decode(self, features: tuple[Tensor, ...], size: Sequence[int]) -> Tensor:
        """Logits (N, C, H, W) at a size (H, W) from the maps of :meth:`extract_feat`."""
