# SPDX-License-Identifier: Apache-2.0
"""Makes tensors from their inert forms and the bytes of their storages."""

from collections.abc import Callable

import torch
from torch import Tensor

from .arrays import are_whole
from .containers import Opened, Pid, describe
from .inert import DTYPES, Call, OrderedItems, Stored, UnreadableError, refuse_call

# Tensors whose values share places, as of torch.Tensor.expand, are copied; real ones are small.
MAX_EXPANDED = 64 * 2**20


class TensorReader:
    """Makes the tensors of a checkpoint; those that share a storage in the file share it.

    Args:
        opened (Opened): From :func:`.containers.open_checkpoint`.
        place (Callable): Moves a uint8 tensor to its device, given the device that the file names.
    """

    def __init__(self, opened: Opened, place: Callable[[Tensor, str], Tensor]):
        self.opened = opened
        self.place = place
        self.storages: dict[str, tuple[Pid, Tensor]] = {}
        self.expanded = 0

    def parameter(self, call: Call) -> Tensor:
        """Returns the tensor of a parameter."""
        if len(call.args) != 3 or call.state is not None or _hooks(call.args[2]):
            refuse_call(call)
        inner = call.args[0]
        if type(inner) is not Call or '._rebuild_tensor' not in inner.name:
            refuse_call(call)
        return self.tensor(inner)

    def tensor(self, call: Call) -> Tensor:
        """Returns a tensor, a view of its storage; the file's ``requires_grad`` is ignored."""
        legacy = call.name.endswith('_rebuild_tensor')
        numbers = (4,) if legacy else (6, 7)
        if call.state is not None or len(call.args) not in numbers:
            refuse_call(call)
        stored, offset, size, stride, *rest = call.args
        if type(stored) is not Stored or not are_whole((offset,)) or not are_whole(size, stride):
            refuse_call(call)
        if rest and (
            type(rest[0]) is not bool or _hooks(rest[1]) or rest[2:] not in ([], [None], [{}])
        ):
            refuse_call(call)
        flat = self._storage(stored)
        steps = sorted((s, n) for n, s in zip(size, stride, strict=True) if n > 1)
        last = offset + sum((n - 1) * s for s, n in steps)
        if (last >= flat.numel() and 0 not in size) or offset > flat.numel():
            raise UnreadableError('it describes a tensor that reaches beyond its storage')
        if 0 in size:
            return torch.empty(size, dtype=flat.dtype, device=flat.device)
        tensor = torch.empty(0, dtype=flat.dtype, device=flat.device)
        tensor.set_(flat.untyped_storage(), offset, size, stride)
        reach = 0  # with steps sorted, values share a place where a step is within the last reach
        for step, number in steps:
            if step <= reach:
                return self._copied(tensor)
            reach += (number - 1) * step
        return tensor

    def _copied(self, tensor: Tensor) -> Tensor:
        self.expanded += tensor.numel() * tensor.element_size()
        if self.expanded > MAX_EXPANDED:
            raise UnreadableError('it describes tensors that repeat few values many times')
        return tensor.contiguous().clone()

    def _storage(self, stored: Stored) -> Tensor:
        """Returns all values of a storage, (numel,)."""
        pid = describe(stored)
        if pid.key not in self.storages:
            raw = self.opened.numbers(pid.key, pid.size * DTYPES[pid.kind].itemsize)
            if pid.kind == 'Bool':  # torch counts on 0 and 1
                raw.copy_(raw != 0)
            self.storages[pid.key] = pid, self.place(raw, pid.location).view(DTYPES[pid.kind])
        known, flat = self.storages[pid.key]
        if known != pid:
            raise UnreadableError(f'it describes storage {pid.key} in two ways')
        return flat


def _hooks(node) -> bool:
    """Returns whether a tensor has hooks; without any, torch writes an empty OrderedDict."""
    return not isinstance(node, OrderedItems) or bool(node) or node.state is not None
