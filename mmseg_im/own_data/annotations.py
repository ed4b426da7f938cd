# SPDX-License-Identifier: Apache-2.0
"""Masks as annotations that MMSegmentation reads: the file itself, or class ids."""

from pathlib import Path

import numpy as np

from ..labels.spaces import IGNORE_INDEX
from .layers import Layers, read_layers
from .masks import MaskFile, read_codes
from .scheme import Scheme


def loader(scheme: Scheme) -> str:
    """The transform that loads the annotations."""
    if scheme.label_space == 'multilabel':
        return 'LoadMultiLabelAnnotations'
    return 'LoadBinaryAnnotations' if _zero_is_background(scheme) else 'LoadAnnotations'


def usable_as_it_is(mask: MaskFile | Layers, scheme: Scheme) -> bool:
    """Whether the loader reads the mask's own file right."""
    if not mask.plain:
        return False
    if isinstance(mask, Layers):
        return scheme.label_space == 'multilabel'
    if _zero_is_background(scheme):
        return not mask.palette and set(scheme.codes) <= {0, 1, IGNORE_INDEX}
    ids = scheme.codes == tuple(range(len(scheme.codes)))
    return scheme.kind == 'values' and ids and scheme.ignore <= {IGNORE_INDEX}


def class_ids(mask: MaskFile | Layers, scheme: Scheme) -> np.ndarray:
    """The annotation (H, W) uint8 of class ids, 255 = ignored; not for ``multilabel``."""
    label = np.full(mask.size, IGNORE_INDEX, np.uint8)
    if isinstance(mask, Layers):
        layers = read_layers(mask.paths)
        if 'background' in scheme.names:  # with what its own folder has, if there is one
            label[~np.any(list(layers.values()), axis=0)] = scheme.names.index('background')
        for i, name in enumerate(scheme.names):
            if name in layers:
                label[layers[name]] = i
        return label
    codes = read_codes(mask.path, scheme.kind == 'colours')
    for i, code in enumerate(scheme.codes):
        label[codes == code] = i
    return label


def layer_maps(mask: Layers, scheme: Scheme) -> dict[str, tuple[Path, np.ndarray]]:
    """For ``multilabel``: file and (H, W) uint8 of 0 and 255 for each class."""
    layers = read_layers(mask.paths)
    return {name: (mask.paths[name], layers[name] * np.uint8(255)) for name in scheme.names}


def _zero_is_background(scheme: Scheme) -> bool:
    """Whether any value but 0 is foreground: 255 would otherwise mean "ignored"."""
    if scheme.label_space != 'binary' or scheme.ignore:
        return False
    return scheme.kind == 'values' and scheme.codes[0] == 0
