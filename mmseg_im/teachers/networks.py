# SPDX-License-Identifier: Apache-2.0
"""Trained networks from their checkpoints, with errors that say what does not fit."""

import copy

from mmengine import Config
from mmseg.registry import MODELS
from torch import nn

from ..checkpoints import read_checkpoint
from ..checkpoints.comparing import tensors_of
from ..checkpoints.fitting import PREDICT, fitted
from ..errors import MissingFileError


def build_network(config: str | dict, where: str) -> nn.Module:
    """Builds a segmentor without its semi-supervised method.

    Args:
        config (str or dict): A config file, or its ``model`` dict.
        where (str): The config key, for error messages.

    Raises:
        FileNotFoundError: If the file is missing.
    """
    if isinstance(config, str):
        try:
            config = Config.fromfile(config).model
        except FileNotFoundError:
            raise MissingFileError(f'{where}.config: {config} does not exist.') from None
    config = copy.deepcopy(config)
    config.pop('semi', None)
    return MODELS.build(config)


def load_network(network: nn.Module, checkpoint: str, where: str) -> tuple[str, ...] | None:
    """Loads a checkpoint into a segmentor; a semi-supervised method in it is passed over.

    Args:
        network (nn.Module): From :func:`build_network`.
        checkpoint (str): Path or URL.
        where (str): The config key, for error messages.

    Returns:
        tuple[str, ...] or None: The classes it was trained on, if the file names them.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it holds another architecture, another number of classes or NaN.
    """
    try:
        content = read_checkpoint(checkpoint, logger='current')
    except FileNotFoundError:
        raise MissingFileError(
            f'{where}.checkpoint: {checkpoint} does not exist. Train the teacher first or correct '
            'the path.'
        ) from None
    remedy = f'A teacher needs the same classes, and its config file in {where}.config.'
    use = PREDICT._replace(remedy=remedy)
    name = f'{where}.checkpoint: {checkpoint}'
    network.load_state_dict(fitted(tensors_of(content.weights), network, name, use))
    classes = (content.meta.get('dataset_meta') or {}).get('classes')
    return None if classes is None else tuple(classes)


def task_of(segmentor: nn.Module) -> str:
    """Name of a segmentor's label space; a stock one is binary if it has a single channel."""
    space = getattr(segmentor, 'label_space', None)
    if space is not None:
        return type(space).__name__
    return 'Binary' if segmentor.out_channels == 1 else 'MultiClass'
