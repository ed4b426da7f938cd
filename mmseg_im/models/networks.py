# SPDX-License-Identifier: Apache-2.0
"""Trained networks from their checkpoints, with errors that say what does not fit."""

import copy

from mmengine import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from torch import nn

from ..errors import MissingFileError, UserError
from .finite import not_finite
from .teachers import METHOD_PREFIX


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
        ValueError: If it holds another architecture or another number of classes.
    """
    try:
        content = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    except FileNotFoundError:
        raise MissingFileError(
            f'{where}.checkpoint: {checkpoint} does not exist. Train the teacher first or correct '
            'the path.'
        ) from None
    weights = {
        key: value
        for key, value in content.get('state_dict', content).items()
        if not key.startswith(METHOD_PREFIX)
    }
    own = network.state_dict()
    wrong = [
        key for key, value in own.items() if key not in weights or weights[key].shape != value.shape
    ]
    wrong += [key for key in weights if key not in own]
    if wrong:
        _refuse(checkpoint, where, own, weights, wrong)
    network.load_state_dict(weights)
    if (name := not_finite(network)) is not None:
        raise UserError(
            f'{where}.checkpoint: {name} of {checkpoint} holds NaN or inf. Name another checkpoint.'
        )
    classes = content.get('meta', {}).get('dataset_meta', {}).get('classes')
    return None if classes is None else tuple(classes)


def _refuse(checkpoint: str, where: str, own: dict, weights: dict, wrong: list[str]) -> None:
    if all('conv_seg' in key and key in weights and key in own for key in wrong):
        raise UserError(
            f'{where}.checkpoint: {checkpoint} has {len(weights[wrong[0]])} classes and the '
            f'network {len(own[wrong[0]])}; a teacher needs the same classes.'
        )
    raise UserError(
        f'{where}.checkpoint: {checkpoint} is of another architecture: {len(wrong)} weights do '
        f'not fit, such as {", ".join(wrong[:3])}. Name its config file in {where}.config.'
    )


def task_of(segmentor: nn.Module) -> str:
    """Name of a segmentor's label space; a stock one is binary if it has a single channel."""
    space = getattr(segmentor, 'label_space', None)
    if space is not None:
        return type(space).__name__
    return 'Binary' if segmentor.out_channels == 1 else 'MultiClass'
