# SPDX-License-Identifier: Apache-2.0
"""Loads inconsistency masks from files, and applies them to label and image."""

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ...errors import UserError
from ...inconsistency.mask import InconsistencyMask, refine
from ...labels.spaces import IGNORE_INDEX
from ..image_files import decode

FIELD = 'gt_inconsistency'


@TRANSFORMS.register_module()
class LoadInconsistencyMask(BaseTransform):
    """Loads the raw mask of a pseudo-labeled image, erodes and dilates it.

    Use it after the pseudo-label is loaded, before any geometry. Erosion and dilation happen here,
    so that they can change without predicting again; pixels that erosion frees take a label by
    growing the agreed classes. Adds ``gt_inconsistency`` (H, W) or (H, W, K) uint8 of 0 and 1 to
    ``seg_fields``, so that it follows all geometry.

    Args:
        erode (int): Side of the square in pixels of the image file, 0 = off.
        dilate (int): Likewise; acts after erosion.
        scope (str): Overlapping classes only: ``'image'`` masks a pixel in all classes as soon as
            one is inconsistent (the paper), ``'channel'`` keeps one mask for each class.
    """

    def __init__(self, erode: int = 0, dilate: int = 0, scope: str = 'image'):
        options = InconsistencyMask(erode=erode, dilate=dilate, scope=scope)  # checks them
        self.erode, self.dilate, self.scope = options.erode, options.dilate, options.scope

    def transform(self, results: dict) -> dict:
        """Needs ``inconsistency_path`` (a file, or a dict from class to file)."""
        paths = results['inconsistency_path']
        paths = list(paths.values()) if isinstance(paths, dict) else [paths]
        mask = torch.from_numpy(np.stack([decode(path)[..., 0] > 0 for path in paths]))[None]
        label = results['gt_seg_map']
        if not label.shape[:2] == mask.shape[2:] == results['img'].shape[:2]:
            raise UserError(
                f'LoadInconsistencyMask: image {results["img"].shape[:2]}, label '
                f'{label.shape[:2]} and mask {tuple(mask.shape[2:])} of {paths[0]} differ in size: '
                'load all three before any Resize or crop, and label images in their own size.'
            )
        label = torch.from_numpy(label if label.ndim == 3 else label[..., None])
        label = label.permute(2, 0, 1)[None]
        # a class on which the teachers agree keeps its label, as it does online
        blocked = torch.where(mask, IGNORE_INDEX, label)
        if self.scope == 'image':
            mask = mask.any(dim=1, keepdim=True)
        everywhere = torch.ones_like(mask[:, :1])
        refined, final = refine(blocked, mask, everywhere, self.erode, self.dilate)
        label = torch.where(refined == IGNORE_INDEX, label, refined)[0].permute(1, 2, 0).numpy()
        shape = results['gt_seg_map'].shape
        results['gt_seg_map'] = label.reshape(shape)
        written = final[0].permute(1, 2, 0).numpy().astype(np.uint8)
        results[FIELD] = written[..., 0] if written.shape[2] == 1 else written
        results['seg_fields'].append(FIELD)
        return results


@TRANSFORMS.register_module()
class FilterInconsistentPixels(BaseTransform):
    """Blocks the label of masked pixels and paints them in the image.

    Use it last before packing, so that noise cannot undo the paint. The original study painted
    before its noise: an earlier place in the pipeline reproduces that. Images without a mask
    (labeled ones) pass unchanged. Classes whose predicted IoU in an image is too low
    (``ignored_classes``, ids, of the quality network) lose their label, too.

    Args:
        block_label (bool): Masked pixels get ``masked_label``.
        masked_label (str): ``'ignore'`` (255) or ``'background'`` (0), as in the original study.
        block_input (bool): Paint masked pixels of the image; with one mask for each class, those
            that are masked in every class.
        fill (float or sequence of floats): Raw colour; three values in the order R, G, B, any
            other number in the order of the image's channels.
    """

    def __init__(
        self,
        block_label: bool = True,
        masked_label: str = 'ignore',
        block_input: bool = True,
        fill: float | Sequence[float] = 0,
    ):
        options = InconsistencyMask(masked_label=masked_label, fill=fill)  # checks them
        if options.fill is None:
            raise UserError(
                "FilterInconsistentPixels.fill='mean' is unknown here: give the values of "
                "model.data_preprocessor.mean, or set generations.im.fill='mean'."
            )
        self.block_label = block_label
        self.masked_label = options.masked_label
        self.block_input = block_input
        # colour images are loaded as B, G, R
        self.fill = options.fill[::-1] if len(options.fill) == 3 else options.fill

    def transform(self, results: dict) -> dict:
        """Changes ``img`` (H, W, C) or (H, W) of any depth, and ``gt_seg_map``."""
        for cls in results.get('ignored_classes', ()):
            label = results['gt_seg_map']
            if label.ndim == 2:
                results['gt_seg_map'] = np.where(label == cls, np.uint8(IGNORE_INDEX), label)
            else:
                results['gt_seg_map'] = label.copy()
                results['gt_seg_map'][..., cls] = IGNORE_INDEX
        if FIELD not in results:
            return results
        mask = results[FIELD] == 1  # padding is 255
        if self.block_label:
            label = results['gt_seg_map']
            where = mask[..., None] if mask.ndim < label.ndim else mask
            where = where & (label != IGNORE_INDEX)
            results['gt_seg_map'] = np.where(where, np.uint8(self.masked_label), label)
        if self.block_input:
            hidden = mask if mask.ndim == 2 else mask.all(axis=2)
            results['img'] = self._paint(results['img'], hidden)
        return results

    def _paint(self, image: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        channels = 1 if image.ndim == 2 else image.shape[2]
        largest = np.iinfo(image.dtype).max if image.dtype.kind in 'iu' else np.inf
        if len(self.fill) not in (1, channels) or max(self.fill) > largest:
            raise UserError(
                f'FilterInconsistentPixels.fill={list(self.fill)} is no colour of images of '
                f'{channels} channels of {image.dtype}: give one value, or one for each channel.'
            )
        colour = np.array(self.fill).astype(image.dtype)
        if image.ndim == 2:
            return np.where(hidden, colour[0], image)
        return np.where(hidden[..., None], colour, image)
