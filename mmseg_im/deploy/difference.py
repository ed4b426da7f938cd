# SPDX-License-Identifier: Apache-2.0
"""Compares an exported graph with what the segmentor itself predicts, on pictures."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.config import ConfigDict
from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample

from ..errors import UserError
from .formats import Run
from .graph import PredictionGraph, label_space

TOLERANCE = 1e-3
"""float: Of scores. Other kernels round float32 otherwise, by 1e-7 to 1e-5 of a score over a
hundred layers; a size that became a constant, another padding or order of channels changes scores
by hundredths and more. A label turns only where scores lie closer than this to a tie."""


class Difference(NamedTuple):
    """How far a graph is from its network.

    Attributes:
        score (float): Largest difference of a score.
        labels (int): Pixels with another label.
        pixels (int): Of all.
    """

    score: float
    labels: int
    pixels: int


def read_images(paths: Sequence[str], load: dict, channels: int) -> list[np.ndarray]:
    """Reads pictures as the pipeline of a config does.

    Args:
        paths (Sequence[str]): Files.
        load (dict): Options of ``LoadImageFromFile``.
        channels (int): That the network takes.

    Returns:
        list[np.ndarray]: (H, W, C) each, BGR.

    Raises:
        UserError: If one cannot be read or has other channels.
    """
    read = LoadImageFromFile(**load)
    images = []
    for path in paths:
        try:
            image = read(dict(img_path=path))['img']
        except Exception as error:  # of the backend that the options name
            raise UserError(f'{path} cannot be read ({error}). Replace it.') from error
        image = image[..., None] if image.ndim == 2 else image
        if image.shape[2] != channels:
            raise UserError(
                f'{path} has {image.shape[2]} channels and the network takes {channels}: name '
                'images as it was trained on with --images.'
            )
        images.append(image)
    return images


def drawn(size: Sequence[int], channels: int, number: int) -> list[np.ndarray]:
    """Returns pictures of smooth random colours, (H, W, C) uint8, the same each time."""
    height, width = size
    coarse = (height // 16 + 2, width // 16 + 2, channels)
    rng = np.random.default_rng(0)
    return [resized(rng.integers(0, 256, coarse, np.uint8), size) for _ in range(number)]


def resized(image: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Returns an image (H, W, C) at another height and width."""
    height, width = size
    return cv2.resize(image, (width, height)).reshape(height, width, -1)


def as_input(images: Sequence[np.ndarray]) -> np.ndarray:
    """Returns images (H, W, C) BGR as the graph takes them: (N, C, H, W) float32, RGB."""
    batch = np.stack(images).astype(np.float32).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(batch[:, ::-1] if batch.shape[1] == 3 else batch)


def predicted(network: EncoderDecoder, images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Returns scores and labels of a segmentor's own test, on whole images.

    Args:
        network (EncoderDecoder): In eval mode.
        images (Sequence[np.ndarray]): (H, W, C) BGR, all of one size.

    Returns:
        list[np.ndarray]: (N, C, H, W) scores in [0, 1], and (N, M, H, W) labels.
    """
    inputs = [torch.from_numpy(np.ascontiguousarray(i.transpose(2, 0, 1))) for i in images]
    shape = images[0].shape[:2]
    samples = [SegDataSample(metainfo=dict(ori_shape=shape, img_shape=shape)) for _ in images]
    before, network.test_cfg = network.test_cfg, ConfigDict(mode='whole')
    try:
        with torch.no_grad():
            results = network.test_step(dict(inputs=inputs, data_samples=samples))
    finally:
        network.test_cfg = before
    scores = torch.stack([result.seg_logits.data for result in results])
    if scores.shape[1] > 1:  # of a single channel, mmseg returns the sigmoid as logits
        scores = label_space(network).probs(scores)
    return [scores.numpy(), np.stack([result.pred_sem_seg.data.numpy() for result in results])]


def difference(
    run: Run, graph: PredictionGraph, network: EncoderDecoder, images: Sequence[np.ndarray]
) -> Difference:
    """Compares a file with the test of its network.

    Args:
        run (Callable): Runs the file.
        graph (PredictionGraph): From which it was written.
        network (EncoderDecoder): Of the graph, in eval mode.
        images (Sequence[np.ndarray]): (H, W, C) BGR, all of one size.

    Raises:
        UserError: If the outputs have other shapes, or scores differ by more than ``TOLERANCE``.
    """
    expected, labels = predicted(network, images)
    scores, found = run(as_input(images))
    if scores.shape != expected.shape or found.shape != labels.shape:
        raise UserError(f'the file returns scores {scores.shape} and the network {expected.shape}')
    score = float(np.abs(scores - expected).max())
    if not score <= TOLERANCE:  # NaN, too
        raise UserError(
            f'its scores differ from those of the network by {score:.2g}, more than {TOLERANCE}. '
            'Try the other format (.onnx, .pt2).'
        )
    own = graph.space.hard(torch.from_numpy(scores.copy())).numpy()
    if not np.array_equal(own, found):
        raise UserError('its labels are not those of its scores. Try the other format.')
    height, width = images[0].shape[:2]
    others = int((found != labels).any(axis=1).sum())
    return Difference(score, others, len(images) * height * width)


def spread(paths: Sequence[str], number: int) -> list[str]:
    """Returns so many of the files, from the first to the last."""
    chosen = np.linspace(0, len(paths) - 1, min(number, len(paths))).round().astype(int)
    return [os.fspath(paths[i]) for i in chosen]
