# SPDX-License-Identifier: Apache-2.0
"""The first iterations of a semi-supervised training, in which labeled images alone are learned."""

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from .base import SSLMethod
from .student import Student


def labeled_losses(
    method: SSLMethod, student: Student, image: Tensor, samples: list[SegDataSample]
) -> dict[str, Tensor]:
    """Returns the losses of labeled images, of the student and of the networks beside it.

    Weights that only the method's own losses reach get a gradient of 0, which DDP waits for.

    Args:
        method (SSLMethod): Whose ``sup_weight`` is the factor, as later.
        student (Student): The segmentor in training.
        image (Tensor): (N, 3, H, W), labeled.
        samples (list[SegDataSample]): Their samples.
    """
    losses = student.supervised(image, samples)
    for name, network in method.networks.items():
        found = network.supervised(image, samples)
        losses.update({f'{name}.{key}': value for key, value in found.items()})
    beside = tuple(f'{name}.' for name in method.network_names)
    own = [(n, p) for n, p in method.named_parameters() if not n.startswith(beside)]
    idle = [parameter.sum() for _, parameter in own if parameter.requires_grad]
    if idle:
        losses['loss_idle'] = 0 * torch.stack(idle).sum()
    method.last_pseudo = None
    return method.combined(losses, {})
