# SPDX-License-Identifier: Apache-2.0
"""Loads annotations that are absent, hidden from training, binary, or overlapping."""

import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from ...errors import UserError
from ..image_files import is_set


@TRANSFORMS.register_module()
class LoadEmptyAnnotations(BaseTransform):
    """Gives an unlabeled image a label map of zeros, in which padding will be 255.

    Adds ``gt_seg_map`` (H, W) uint8 and its name to ``seg_fields``. Reads no file.
    """

    def transform(self, results: dict) -> dict:
        results['gt_seg_map'] = np.zeros(results['img'].shape[:2], dtype=np.uint8)
        results['seg_fields'].append('gt_seg_map')
        return results


@TRANSFORMS.register_module()
class LoadHiddenAnnotations(BaseTransform):
    """Loads annotations of unlabeled images for reports on the pseudo-labels, never for a loss.

    Use it after ``LoadEmptyAnnotations`` (or alone, where pseudo-labels are written), and
    ``PackSemiInputs`` as the packer. The map ``hidden_seg_map`` follows all geometry;
    :class:`~mmseg_im.engine.hooks.InconsistencyHook` and
    :class:`~mmseg_im.evaluation.PseudoLabelQuality` compare pseudo-labels with it.

    Args:
        seg_map_dir (str): Folder of the annotations.
        img_dir (str): Folder of the images; names are relative to it.
        seg_map_suffix (str): Suffix of the annotations.
        classes (Sequence[str], optional): For overlapping classes: each has a folder of binary
            annotations below ``seg_map_dir``.
        binary (bool): Read them as ``LoadBinaryAnnotations`` does.
    """

    def __init__(
        self,
        seg_map_dir: str,
        img_dir: str,
        seg_map_suffix: str = '.png',
        classes: Sequence[str] | None = None,
        binary: bool = False,
    ):
        self.seg_map_dir = seg_map_dir
        self.img_dir = img_dir
        self.seg_map_suffix = seg_map_suffix
        self.classes = classes
        if classes is not None:
            self.load = LoadMultiLabelAnnotations()
        else:
            self.load = LoadBinaryAnnotations() if binary else LoadAnnotations()

    def transform(self, results: dict) -> dict:
        name = osp.splitext(osp.relpath(results['img_path'], self.img_dir))[0]
        name += self.seg_map_suffix
        path: str | dict[str, str]
        if self.classes is None:
            path = osp.join(self.seg_map_dir, name)
        else:
            path = {cls: osp.join(self.seg_map_dir, cls, name) for cls in self.classes}
        hidden = dict(
            seg_map_path=path,
            reduce_zero_label=results['reduce_zero_label'],
            label_map=results['label_map'],
            seg_fields=[],
        )
        try:
            results['hidden_seg_map'] = self.load(hidden)['gt_seg_map']
        except (OSError, UserError) as error:
            raise UserError(
                f'LoadHiddenAnnotations: {path} cannot be read ({error}). Add or replace the file, '
                'or take LoadHiddenAnnotations out of the pipeline.'
            ) from error
        results['seg_fields'].append('hidden_seg_map')
        return results


@TRANSFORMS.register_module()
class LoadMultiLabelAnnotations(BaseTransform):
    """Loads one PNG for each class; classes may overlap.

    ``results['seg_map_path']`` is a dict from class name to file, as
    :class:`~mmseg_im.datasets.MultiLabelDataset` makes it. Zero means absent, any other value
    present. Adds ``gt_seg_map`` (H, W, K) uint8 of 0 and 1; pack it with ``PackSemiInputs``. An
    image without annotation (``inference_model``, ``MMSegInferencer``) passes as it is.
    """

    def transform(self, results: dict) -> dict:
        if 'seg_map_path' not in results:
            return results
        maps = [is_set(path) for path in results['seg_map_path'].values()]
        results['gt_seg_map'] = np.stack(maps, axis=-1).astype(np.uint8)
        results['seg_fields'].append('gt_seg_map')
        return results


@TRANSFORMS.register_module()
class LoadBinaryAnnotations(BaseTransform):
    """Loads a mask in which zero is background (0) and any other value foreground (1).

    Masks of 0 and 255 are usual for binary tasks, and 255 would mean "ignored" in MMSegmentation.
    Adds ``gt_seg_map`` (H, W) uint8. An image without annotation passes as it is.
    """

    def transform(self, results: dict) -> dict:
        if 'seg_map_path' not in results:
            return results
        results['gt_seg_map'] = is_set(results['seg_map_path']).astype(np.uint8)
        results['seg_fields'].append('gt_seg_map')
        return results
