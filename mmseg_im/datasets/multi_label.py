# SPDX-License-Identifier: Apache-2.0
"""Data set of classes that may overlap: one binary annotation for each class."""

import os.path as osp

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class MultiLabelDataset(BaseSegDataset):
    """Classes that may overlap: ``seg_map_path/CLASS/NAME.png``, zero = absent.

    The class names come from ``metainfo=dict(classes=(...))``. Load with
    ``LoadMultiLabelAnnotations``.
    """

    def load_data_list(self) -> list[dict]:
        """Returns mmseg's list, with ``seg_map_path`` as a dict from class name to file."""
        infos = super().load_data_list()
        folder = self.data_prefix.get('seg_map_path')
        for info in infos:
            if 'seg_map_path' in info:
                name = osp.relpath(info['seg_map_path'], folder)
                info['seg_map_path'] = {
                    cls: osp.join(folder, cls, name) for cls in self.metainfo['classes']
                }
        return infos
