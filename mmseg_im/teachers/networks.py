# SPDX-License-Identifier: Apache-2.0
"""Networks beside the student: built, loaded from checkpoints, and asked for a prediction."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..checkpoints import read_checkpoint
from ..checkpoints.comparing import tensors_of
from ..checkpoints.fitting import PREDICT, fitted
from ..errors import MissingFileError, UserError
from ..files.config_file import read_config
from ..labels.logits import pixel_logits


def build_network(config: str | dict[str, Any], where: str) -> BaseSegmentor:
    """Builds a segmentor without its semi-supervised method.

    Args:
        config (str or dict): A config file, or its ``model`` dict.
        where (str): The config key, for error messages.

    Raises:
        MissingFileError, UserError: See :func:`~mmseg_im.files.config_file.read_config`; and if the
            file has no ``model``.
    """
    if isinstance(config, str):
        cfg = read_config(config, f'{where}.config')
        if 'model' not in cfg:
            raise UserError(f'{where}.config: {config} has no model. Name the config of a network.')
        model = cfg.model
    else:
        model = config
    model = copy.deepcopy(model)
    model.pop('semi', None)
    return MODELS.build(model)


def load_network(network: BaseSegmentor, checkpoint: str, where: str) -> tuple[str, ...] | None:
    """Loads a checkpoint into a segmentor; a semi-supervised method in it is passed over.

    Args:
        network (BaseSegmentor): From :func:`build_network`.
        checkpoint (str): Path or URL.
        where (str): The config key, for error messages.

    Returns:
        tuple[str, ...] or None: The classes it was trained on, if the file names them.

    Raises:
        MissingFileError: If the file is missing.
        UserError: If it holds another architecture, another number of classes or NaN.
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


def reinitialised(network: BaseSegmentor) -> BaseSegmentor:
    """A copy of a network with weights that are drawn anew, as its constructor draws them.

    ``init_weights`` of what owns the copy does the rest, such as loading a pretrained backbone.
    """
    network = copy.deepcopy(network)
    for module in network.modules():
        # torch's attention calls it _reset_parameters
        reset = getattr(module, 'reset_parameters', None) or getattr(
            module, '_reset_parameters', None
        )
        if reset is not None:
            reset()
    return network


def task_of(segmentor: BaseSegmentor) -> str:
    """Name of a segmentor's label space; a stock one is binary if it has a single channel."""
    space = getattr(segmentor, 'label_space', None)
    if space is not None:
        return type(space).__name__
    return 'Binary' if segmentor.out_channels == 1 else 'MultiClass'


@contextlib.contextmanager
def eval_mode(network: nn.Module) -> Iterator[None]:
    """Puts a network into eval mode for the time of a ``with`` block; then all is as before."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:  # a module may have been in eval mode on purpose
            module.training = training
        # under autocast: half-precision copies of weights that were made without a gradient
        torch.clear_autocast_cache()


@torch.no_grad()
def predict(network: BaseSegmentor, image: Tensor) -> Tensor:
    """Predicts a batch in eval mode, without a gradient.

    Args:
        network (BaseSegmentor): A segmentor, such as the student or a network trained beside it.
        image (Tensor): (N, 3, H, W), normalised.

    Returns:
        Tensor: (N, C, H, W) float32 logits at the input size.
    """
    with eval_mode(network):
        return pixel_logits(network, image).float()
