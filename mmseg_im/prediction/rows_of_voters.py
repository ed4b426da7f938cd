# SPDX-License-Identifier: Apache-2.0
"""What the voters of an ensemble say about a large image, a few rows at a time."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch.nn.functional as F
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Size, Tensor

from ..models.segmentors.ensemble import EnsembleSegmentor
from ..teachers.views import View
from .row_reading import Read, RowStream, resampled
from .sliding import Windows, slide

LARGE = 2**22
"""int: Pixels, 2048 x 2048, above which an image is not in the memory of a network as a whole."""
AT_ONCE = 2**23
"""int: Numbers that the logits of a voter have at once."""


class Rows(NamedTuple):
    """Some rows of an image.

    Attributes:
        first, last (int): The first, and the one after the last.
        voters (Iterable[Tensor]): (1, C, last - first, W) float32 logits of each, to be taken
            once and before the next rows.
    """

    first: int
    last: int
    voters: Iterable[Tensor]


def windows_of(
    network: BaseSegmentor, size: Sequence[int], crop: tuple[int, int], large: int = LARGE
) -> Windows | None:
    """Returns how a window slides over what a network gets of an image.

    Args:
        network (BaseSegmentor): Its ``test_cfg`` says whether a window slides, and which.
        size (Sequence[int]): Height and width of what it gets.
        crop (tuple[int, int]): Height and width of what training learned from; the window for
            larger images where ``test_cfg`` has none, with steps of two thirds.
        large (int): More pixels are not predicted as a whole.

    Returns:
        Windows or None: None for the image as a whole.
    """
    cfg = network.test_cfg
    if cfg.get('mode', 'whole') == 'slide':
        return Windows(cfg['crop_size'], cfg['stride'])
    if math.prod(size) <= large:
        return None
    return Windows(crop, [max(2 * side // 3, 1) for side in crop])


def voters_in_rows(
    ensemble: EnsembleSegmentor,
    image: Tensor,
    sample: SegDataSample,
    crop: tuple[int, int],
    large: int = LARGE,
) -> Iterator[Rows]:
    """Predicts an image; how much memory that takes does not depend on its height.

    An image that is not large is predicted as a whole, voter after voter. Of a large one each
    voter holds the rows of its windows that are open.

    Args:
        ensemble (EnsembleSegmentor): The voters.
        image (Tensor): (3, h, w) uint8, as packed.
        sample (SegDataSample): Its sample; ``ori_shape`` is the size of the result.
        crop (tuple[int, int]): See :func:`windows_of`.
        large (int): Pixels above which an image is large, as the network gets it or as it was.

    Yields:
        Rows: From the top.
    """
    height, width = sample.ori_shape
    if max(height * width, math.prod(image.shape[1:])) <= large:
        yield Rows(0, height, ensemble.logits([image], [sample]))
        return
    reads = [
        _voter(network, view, image, sample, windows_of(network, image.shape[1:], crop, large))
        for network, views in zip(ensemble.networks, ensemble.views, strict=True)
        for view in views
    ]
    step = max(AT_ONCE // (ensemble.label_space.out_channels * width), 1)
    for first in range(0, height, step):
        last = min(first + step, height)
        yield Rows(first, last, (read(first, last) for read in reads))


def _voter(
    network: BaseSegmentor, view: View, image: Tensor, sample: SegDataSample,
    windows: Windows | None,
) -> Read:  # fmt: skip
    """Reads the logits of one voter at the original size."""
    read, size = _prepared(network, image, sample)
    seen = view.scaled(size)
    if windows is None:
        parts = _whole(network, view, read, size, sample)
    else:

        def decode(crops: Tensor) -> Tensor:
            # a Size, which tells a head of mmseg that this is a window
            metas = [dict(sample.metainfo, img_shape=Size(crops.shape[2:]))] * len(crops)
            return network.encode_decode(crops, metas).float()

        parts = slide(resampled(read, size, seen), seen, windows, decode, view.flip)
    logits = RowStream(parts)
    padded = logits if windows is None else resampled(logits, seen, size)
    around = (0, size[1] - image.shape[2], 0, size[0] - image.shape[1])
    left, right, top, bottom = sample.metainfo.get('img_padding_size', around)
    inner = size[0] - top - bottom, size[1] - left - right

    def cut(first: int, last: int) -> Tensor:
        return padded(first + top, last + top)[..., left : left + inner[1]]

    return resampled(cut, inner, sample.ori_shape, network.align_corners)


def _prepared(
    network: BaseSegmentor, image: Tensor, sample: SegDataSample
) -> tuple[Read, tuple[int, int]]:
    """Reads an image as its network prepares it, any rows at any time; its padded size.

    Normalisation is of each pixel, and padding of each side, so that rows may be prepared alone.
    """

    def prepare(part: Tensor) -> Tensor:
        data = dict(inputs=[part], data_samples=[SegDataSample(metainfo=sample.metainfo)])
        return network.data_preprocessor(data, False)['inputs']

    height = image.shape[1]
    size = prepare(image[:, :, :1]).shape[2], prepare(image[:, :1]).shape[3]

    def read(first: int, last: int) -> Tensor:
        inside = image[:, min(first, height - 1) : min(last, height)]
        rows = prepare(inside)[:, :, : inside.shape[1]]
        if first >= height:
            rows = rows[:, :, :0]
        below = last - first - rows.shape[2]
        return F.pad(rows, (0, 0, 0, below), value=getattr(network.data_preprocessor, 'pad_val', 0))

    return read, size


def _whole(
    network: BaseSegmentor, view: View, read: Read, size: tuple[int, int], sample: SegDataSample
) -> Iterator[Tensor]:
    """Yields the logits of an image as a whole: of a network that gets a large one made small."""
    meta = dict(sample.metainfo, pad_shape=size)
    logits = network.inference(view.apply(read(0, size[0])), [meta])
    yield view.undo(logits.float(), size)
