# SPDX-License-Identifier: Apache-2.0
"""Compares the weights of a file with those of a network: names, shapes, finite values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

COUNTER = 'num_batches_tracked'
"""str: Batch norm's counter; old files lack it and nothing depends on it."""
METHOD_PREFIX = 'semi.'
"""str: Keys of the semi-supervised method in a checkpoint; all others are the student's."""
CLASSIFIER = 'conv_seg'
"""str: Name of the last layer of mmseg's heads; its channels are the classes."""


class Report(NamedTuple):
    """Keys of a network and of a file by how they fit; batch norm's counters are left out.

    Attributes:
        fitting (list[str]): In both, with the same shape.
        missing (list[str]): Of the network alone.
        classes (list[str]): In both, of a last layer that differs in the number of classes alone.
        differing (list[str]): In both, with another shape for other reasons.
        unexpected (list[str]): Of the file alone.
    """

    fitting: list[str]
    missing: list[str]
    classes: list[str]
    differing: list[str]
    unexpected: list[str]

    @property
    def of_network(self) -> list[str]:
        """list[str]: All keys of the network."""
        return [*self.fitting, *self.missing, *self.classes, *self.differing]

    def share(self, foreign_modules: bool) -> float:
        """Returns the share of network and file that fits, in [0, 1]; 0 for an empty file.

        A layer that differs in the number of classes alone does not count.

        Args:
            foreign_modules (bool): Whether weights count whose module the network does not have
                at all, such as the classifier of a backbone.
        """
        modules = by_module(self.of_network)
        others = [key for key in self.unexpected if foreign_modules or module_of(key) in modules]
        larger = max(len(self.missing), len(others)) + len(self.differing) + len(self.fitting)
        return len(self.fitting) / larger if larger else 0.0


def compare(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> Report:
    """Compares the keys and shapes of a file with those of a network.

    Args:
        weights (Mapping[str, Tensor]): Of the file.
        own (Mapping[str, Tensor]): Of the network.
    """
    ours = [key for key in own if not key.endswith(COUNTER)]
    fits = {key: weights[key].shape == own[key].shape for key in ours if key in weights}
    other = [key for key, same in fits.items() if not same]
    classes = [key for key in other if _other_classes(key, weights[key], own[key])]
    return Report(
        fitting=[key for key, same in fits.items() if same],
        missing=[key for key in ours if key not in weights],
        classes=classes,
        differing=[key for key in other if key not in classes],
        unexpected=[key for key in weights if key not in own and not key.endswith(COUNTER)],
    )


def tensors_of(content: Mapping) -> dict[str, Tensor]:
    """Returns the tensors of a checkpoint or of a bare state dict, without the prefix of DDP."""
    weights = content.get('state_dict', content)
    return {
        key.removeprefix('module.'): value
        for key, value in weights.items()
        if isinstance(value, Tensor)
    }


def without_prefix(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Returns the weights whose keys begin with a prefix, without it; its dot may be missing."""
    prefix = prefix.rstrip('.') + '.'
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}


def not_finite(weights: Mapping[str, Tensor], network: nn.Module) -> list[str]:
    """Returns the keys whose values would be NaN or infinite in the network.

    Buffers that are infinite in the network already, such as masks of attention, do not count.

    Args:
        weights (Mapping[str, Tensor]): That will be loaded.
        network (nn.Module): That will load them.
    """
    own, parameters = network.state_dict(), dict(network.named_parameters())
    return [
        key
        for key, value in weights.items()
        if own[key].is_floating_point()
        # after the cast: 1e300 is infinite in float32
        and not torch.isfinite(value.to(own[key].dtype)).all()
        and (key in parameters or torch.isfinite(own[key]).all())
    ]


def _other_classes(key: str, theirs: Tensor, ours: Tensor) -> bool:
    """Returns whether two weights are of last layers that differ in the number of classes alone."""
    return CLASSIFIER in key.split('.')[-2:-1] and theirs.shape[1:] == ours.shape[1:]


def module_of(key: str) -> str:
    """Returns the top-level module of a key, such as ``backbone``."""
    return key.partition('.')[0]


def by_module(keys: Iterable[str]) -> dict[str, int]:
    """Counts keys by top-level module."""
    return dict(Counter(map(module_of, keys)))


def prefixes(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    """Returns prefixes such as ``'student.'`` without which most weights of a file would fit."""
    keys = list(own)
    probes = {keys[i] for i in (0, len(keys) // 2, -1)} if keys else ()
    found = Counter(
        key.removesuffix(probe) for key in weights for probe in probes if key.endswith(f'.{probe}')
    )
    likely = [prefix for prefix, _ in found.most_common(5)]
    return sorted(p for p in likely if compare(without_prefix(weights, p), own).share(False) > 0.5)


def part_of(weights: Mapping[str, Tensor], network: nn.Module) -> str | None:
    """Returns the sub-module to which the keys of a file belong, such as ``'backbone'``."""
    for name, child in network.named_children():
        own = child.state_dict()
        if own and compare(weights, own).share(False) > 0.5:
            return name
    return None


def describe(network: nn.Module) -> str:
    """Describes a network, such as ``SemiSegmentor (UNet, FCNHead, 4 classes)``."""
    parts = [getattr(network, name, None) for name in ('backbone', 'decode_head')]
    names = [
        type(part[-1] if isinstance(part, nn.ModuleList) else part).__name__
        for part in parts
        if part is not None
    ]
    classes = getattr(network, 'num_classes', None)
    names += [] if classes is None else [f'{classes} classes']
    return type(network).__name__ + (f' ({", ".join(names)})' if names else '')
