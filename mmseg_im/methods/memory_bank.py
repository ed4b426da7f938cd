# SPDX-License-Identifier: Apache-2.0
"""A queue of feature vectors for each class, on the device and in the checkpoint."""

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn

from ..errors import UserError


def draw(mask: Tensor, num: int) -> Tensor:
    """Draws places where a mask is True, with replacement, without asking the device for a size.

    Args:
        mask (Tensor): (C, P) bool.
        num (int): Draws in each row.

    Returns:
        Tensor: (C, num) int64 in [0, P); arbitrary where a row has no True.
    """
    order = mask.long().cumsum(dim=1)
    wanted = (torch.rand(len(mask), num, device=mask.device) * order[:, -1:]).long() + 1
    return torch.searchsorted(order, wanted).clamp(max=mask.shape[1] - 1)


class MemoryBank(nn.Module):
    """The last vectors of each class, oldest overwritten first.

    Args:
        num_classes (int): C.
        size (int): Vectors kept for each class.
        dim (int): D.
    """

    vectors: Tensor
    """Tensor: (C, size + 1, D) float32; the last place is for vectors that do not count."""

    next: Tensor
    """Tensor: (C,) int64, where the next vector goes."""

    count: Tensor
    """Tensor: (C,) int64, vectors that are there."""

    def __init__(self, num_classes: int, size: int, dim: int):
        super().__init__()
        # one more place, where vectors that do not count are thrown
        self.register_buffer('vectors', torch.zeros(num_classes, size + 1, dim))
        self.register_buffer('next', torch.zeros(num_classes, dtype=torch.long))
        self.register_buffer('count', torch.zeros(num_classes, dtype=torch.long))
        self.size = size

    @torch.no_grad()
    def push(self, vectors: Tensor, wanted: Tensor) -> None:
        """Appends vectors of this process, and of all others.

        Args:
            vectors (Tensor): (C, K, D), K at most ``size`` over the processes.
            wanted (Tensor): (C, K) bool, which of them count.

        Raises:
            UserError: If all processes together bring more vectors than the bank holds.
        """
        vectors = torch.cat(all_gather(vectors.float().contiguous()), dim=1)
        if vectors.shape[1] > self.size:
            raise UserError(
                f'model.semi: all processes together bring {vectors.shape[1]} vectors of a class '
                f'in a step, and bank_size={self.size}. Set a smaller max_keys or a larger '
                'bank_size.'
            )
        wanted = torch.cat(all_gather(wanted.contiguous()), dim=1)
        rank = wanted.long().cumsum(dim=1)
        place = (self.next[:, None] + rank - 1) % self.size
        place = torch.where(wanted, place, self.size)
        self.vectors.scatter_(1, place[..., None].expand_as(vectors), vectors)
        self.next = (self.next + rank[:, -1]) % self.size
        self.count = (self.count + rank[:, -1]).clamp(0, self.size)

    def sample(self, num: int) -> Tensor:
        """Draws (C, num, D) vectors with replacement; zeros for a class without any."""
        share = torch.rand(len(self.count), num, device=self.count.device)
        count = self.count.clamp(0, self.size)  # that of a file may be anything
        index = (share * count[:, None]).long()
        return self.vectors.gather(1, index[..., None].expand(-1, -1, self.vectors.shape[2]))
