# SPDX-License-Identifier: Apache-2.0
"""Images with candidate labels, for the quality network."""

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, TRANSFORMS

from ..errors import UserError
from ..inconsistency.mask import refine
from ..labels.spaces import IGNORE_INDEX
from .damaged_labels import label_damage
from .first_samples import try_pipeline
from .image_files import decode
from .named_errors import name_broken_files
from .nested_datasets import Infos
from .pseudo_label_files import (
    REMEDY,
    image_name,
    label_files,
    overlapping_classes,
    read_index,
)
from .seeded import Seeded
from .transforms.formatting import PackSemiInputs


@DATASETS.register_module()
class CandidateDataset(Seeded):
    """Images with the labels that other networks predicted, for the quality network to judge.

    Args:
        dataset (dict): Config of a data set of mmseg whose pipeline has ``LoadCandidate`` and
            ends in ``PackCandidate``.
        candidates (Sequence[str]): Folders that a ``PseudoLabelWriter`` wrote. Only images with a
            label in one of them are used.
        times (int): How often they are repeated in an epoch.
    """

    def __init__(self, dataset: dict, candidates: Sequence[str], times: int = 1):
        super().__init__()
        self.dataset = DATASETS.build(dataset)
        name_broken_files(self.dataset, 'CandidateDataset.dataset')
        self.times = times
        self.candidates = list(candidates)
        indices = [read_index(labels) for labels in candidates]
        self.classes = [overlapping_classes(index.head) for index in indices]
        found = [
            (name, i, k)
            for i, name in enumerate(map(self._name, Infos(self.dataset)))
            for k, index in enumerate(indices)
            if name in index
        ]
        # numbers of images and of folders: processes that load data share an array
        self.places = np.array([place for _, *place in sorted(found)], np.int64).reshape(-1, 2)
        if not len(self.places):
            raise UserError(
                f'None of the labels in {", ".join(candidates)} belongs to an image of the data '
                'set, so there is nothing to judge.'
            )
        try_pipeline(self.dataset.pipeline, self._info(0), 'CandidateDataset.dataset.pipeline')

    @property
    def metainfo(self) -> dict:
        """dict: Classes and palette."""
        return self.dataset.metainfo

    def __len__(self) -> int:
        return len(self.places) * self.times

    def load(self, index: int) -> dict:
        info = self._info(index % len(self.places))
        damage = label_damage(info['candidate_files'])
        if damage:
            raise UserError(f'{damage} {REMEDY}')
        return self.dataset.pipeline(info)

    def _info(self, index: int) -> dict:
        number, k = self.places[index].tolist()
        info = self.dataset.get_data_info(number)
        files = label_files(self.candidates[k], self._name(info), self.classes[k])
        return dict(info, candidate_files=files)

    def _name(self, info: dict) -> str:
        return image_name(info['img_path'], self.dataset.data_prefix['img_path'])


@TRANSFORMS.register_module()
class LoadCandidate(BaseTransform):
    """Loads the candidate label; masked pixels become 255.

    Adds ``candidate`` (H, W) or (H, W, K) uint8 to ``seg_fields``.

    Args:
        kernels (Sequence[int]): The mask is eroded, then dilated, each with a kernel drawn from
            these, so that one prediction gives labels of many qualities. The paper: (0, 3, 5).
    """

    def __init__(self, kernels: Sequence[int] = (0,)):
        self.kernels = list(kernels)

    def transform(self, results: dict) -> dict:
        """Needs ``candidate_files`` of :class:`CandidateDataset`."""
        label, mask = (
            torch.from_numpy(self._read(results['candidate_files'][kind]))
            for kind in ('labels', 'masks')
        )
        if len(label) > 1:
            label = (label > 0).to(torch.uint8)
        mask = (mask > 0)[None]
        label = torch.where(mask, IGNORE_INDEX, label[None])
        mask = mask.any(dim=1, keepdim=True)
        erode, dilate = (int(k) for k in np.random.choice(self.kernels, 2))
        label, mask = refine(label, mask, torch.ones_like(mask), erode, dilate)
        candidate = torch.where(mask, IGNORE_INDEX, label)[0].permute(1, 2, 0).numpy()
        results['candidate'] = candidate[..., 0] if candidate.shape[2] == 1 else candidate
        results['seg_fields'].append('candidate')
        return results

    @staticmethod
    def _read(files: str | dict) -> np.ndarray:
        paths = list(files.values()) if isinstance(files, dict) else [files]
        return np.stack([decode(path)[..., 0] for path in paths])


@TRANSFORMS.register_module()
class PackCandidate(PackSemiInputs):
    """Packs image, annotation if there is one, and ``candidate``, the label to be judged."""

    def transform(self, results: dict) -> dict:
        """See :class:`PackSemiInputs`."""
        candidate = results['candidate']
        packed = super().transform(results)
        maps = candidate[None] if candidate.ndim == 2 else candidate.transpose(2, 0, 1)
        data = torch.from_numpy(np.ascontiguousarray(maps))
        packed['data_samples'].set_data(dict(candidate=PixelData(data=data)))
        return packed
