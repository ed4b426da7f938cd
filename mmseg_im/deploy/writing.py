# SPDX-License-Identifier: Apache-2.0
"""Writes a network as one file that runs without this package, after a check on pictures."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmseg.models import EncoderDecoder

from ..checkpoints import read_checkpoint
from ..checkpoints.comparing import tensors_of
from ..checkpoints.fitting import PREDICT, fitted
from ..errors import UserError
from ..files.atomic import write_aside
from ..files.config_file import read_config
from ..generations.configs import nodes
from ..own_data.folders import find_images
from ..teachers.networks import build_network
from .difference import (
    Difference,
    as_input,
    difference,
    drawn,
    predicted,
    read_images,
    resized,
    spread,
)
from .formats import FORMATS
from .graph import PredictionGraph, label_space
from .recorded_config import recorded_config
from .taken_size import check_takes
from .trained_size import test_dataset, trained_size

IMAGES = 3
"""int: Pictures of the check."""
DRAWN = 224, 224
"""tuple[int, int]: Size of drawn ones, where the config names none."""


class Exported(NamedTuple):
    """A file that was written.

    Attributes:
        free (bool): Whether height and width are free.
        reason (str): Why not; '' if they are, or if a size was wanted.
        size (tuple[int, int]): Height and width of the check, and of a graph of one size.
        found (Difference): From the network.
        bytes (int): Of the file.
    """

    free: bool
    reason: str
    size: tuple[int, int]
    found: Difference
    bytes: int


def load(checkpoint: str, config: str | None) -> tuple[Config, EncoderDecoder, list[str]]:
    """Returns config, network in eval mode, and classes of a checkpoint.

    Args:
        checkpoint (str): Of a training, or published.
        config (str, optional): Its config; by default the one that it carries.

    Raises:
        MissingFileError, UserError: If a file is missing, or weights and config do not fit.
    """
    weights, meta = read_checkpoint(checkpoint)
    cfg = read_config(config, '--config') if config else recorded_config(meta, checkpoint)
    network = build_network(cfg.model, 'model')
    if not isinstance(network, EncoderDecoder):
        raise UserError(
            f'{type(network).__name__} cannot be exported: it is no EncoderDecoder. Export the '
            'networks that it is made of.'
        )
    network.load_state_dict(fitted(tensors_of(weights), network, checkpoint, PREDICT))
    return cfg, network.eval(), list((meta.get('dataset_meta') or {}).get('classes') or ())


def pictures(cfg: Config, folder: str | None, channels: int) -> tuple[list[np.ndarray], str]:
    """Returns pictures for the check, and a remark about them.

    Args:
        cfg (Config): Of the network.
        folder (str, optional): Of images; by default that of the test.
        channels (int): That the network takes.

    Returns:
        tuple[list[np.ndarray], str]: (H, W, C) BGR, as the test of the config reads them. Where no
        folder is named and that of the test is not there, as for a published network, they are
        drawn, and the remark says so; else it is empty.

    Raises:
        UserError, MissingFileError: If a folder holds none.
    """
    dataset = test_dataset(cfg)
    if folder is None:
        prefix = (dataset.get('data_prefix') or {}).get('img_path', '')
        folder = os.path.join(dataset.get('data_root') or '', prefix)
        if not folder or not os.path.isdir(folder):
            return drawn(trained_size(cfg) or DRAWN, channels, IMAGES), (
                f'Checked on drawn images, because those of the test ({folder or "not named"}) are '
                'not there. To check it on images of yours: --images FOLDER.'
            )
    paths = [str(path) for found in find_images(folder).values() for path in found]
    if not paths:
        raise UserError(f'{folder} holds no images for the check: name others with --images.')
    steps = nodes(dataset.get('pipeline'))
    loading = next((s for s in steps if s.get('type') == 'LoadImageFromFile'), {})
    options = {key: value for key, value in loading.items() if key != 'type'}
    return read_images(spread(paths, IMAGES), options, channels), ''


def write(
    output: str,
    network: EncoderDecoder,
    images: Sequence[np.ndarray],
    size: tuple[int, int] | None,
    trained: tuple[int, int] | None,
    notes: dict[str, str],
) -> Exported:
    """Writes a network, if it predicts what the network predicts; nothing is left otherwise.

    Height and width are free where the network allows it: where a graph of free size is also right
    on other sizes than the one it was made with, odd ones among them.

    Args:
        output (str): File, ``.onnx`` or ``.pt2``.
        network (EncoderDecoder): In eval mode.
        images (Sequence[np.ndarray]): For the check, (H, W, C) BGR.
        size (tuple[int, int], optional): The one height and width that are wanted.
        trained (tuple[int, int], optional): Height and width of training.
        notes (dict[str, str]): Stored in the file.

    Raises:
        UserError: If the network cannot be exported or does not take ``size``, or the file predicts
            something else.
    """
    if size is not None:
        check_takes(network, images[0], size)
    graph = PredictionGraph(network)
    height, width = size or trained or images[0].shape[:2]
    free, reason = size is None, ''
    if free:
        others = [(height - height // 5 - 1, width + width // 4 + 1), (height, width)]
        try:
            content, found = _attempt(
                output, graph, network, images, (height, width), others, notes
            )
        except Exception as error:  # of the network itself, torch or onnxruntime at another size
            free = False
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if not free:
        notes = dict(notes, size=f'{height}x{width}')
        try:
            content, found = _attempt(output, graph, network, images, (height, width), [], notes)
        except UserError as error:
            raise UserError(f'{output} is not written: {error}') from error
    write_aside(output, content)
    return Exported(free, reason, (height, width), found, len(content))


def _attempt(
    output: str,
    graph: PredictionGraph,
    network: EncoderDecoder,
    images: Sequence[np.ndarray],
    size: tuple[int, int],
    others: Sequence[tuple[int, int]],
    notes: dict[str, str],
) -> tuple[bytes, Difference]:
    """Makes a file, of free size if there are other sizes, and compares it at each size."""
    make, runner = FORMATS[Path(output).suffix]
    for shape in others:  # a network that refuses a size is not traced for nothing
        predicted(network, [resized(images[0], shape)])
    pair = [resized(image, size) for image in (list(images) * 2)[:2]]
    content = make(graph, torch.from_numpy(as_input(pair)), bool(others), notes)
    run = runner(content)
    found = [
        difference(run, graph, network, [resized(image, shape)])
        for shape in (others or [size])
        for image in images
    ]
    found.append(difference(run, graph, network, pair))  # the batch is free
    return content, Difference(
        max(one.score for one in found),
        sum(one.labels for one in found),
        sum(one.pixels for one in found),
    )


def notes_of(
    classes: Sequence[str], network: EncoderDecoder, said: Sequence[str]
) -> dict[str, str]:
    """Returns what is stored in a file: classes (JSON), label space, input, remarks."""
    return dict(
        classes=json.dumps(list(classes)),
        label_space=type(label_space(network)).__name__.lower(),
        input='float32 (N, C, H, W), RGB, values as in the image file (0 to 255)',
        remarks=' '.join(said),
    )
