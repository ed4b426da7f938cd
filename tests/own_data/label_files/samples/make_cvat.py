# SPDX-License-Identifier: Apache-2.0
"""Writes cvat.xml and cvat.png with Datumaro, which draws masks for CVAT.

The steps are those of CVAT's export "Segmentation mask 1.1". Coordinates are quarters, because
this version keeps them in 32 bits, and CVAT's own copy of Datumaro in 64. Needs the package in an
environment of its own: pip install datumaro==1.13.12
"""

import shutil
import tempfile
from pathlib import Path

import datumaro as dm
import numpy as np
from datumaro.components.annotation import AnnotationType, CompiledMask, RotatedBbox
from PIL import Image

HERE = Path(__file__).parent
SIZE = 60, 80


def main() -> None:
    disc = np.zeros(SIZE, np.uint8)
    disc[30:51, 30:51] = np.hypot(*np.mgrid[-10:11, -10:11]) < 10
    disc[36:42, 38:45] = 0
    shapes = [
        dm.Polygon(
            [2.25, 3.75, 30.5, 1.25, 25.0, 28.75, 14.5, 12.25, 4.25, 27.5], label=0, z_order=2
        ),
        dm.Bbox(18.5, 10.25, 22.25, 12.75, label=1, z_order=1),
        dm.Mask(disc, label=2, z_order=0),
        RotatedBbox(60.25, 20.5, 24.5, 9.5, 30.0, label=1),
        dm.Polygon([40.5, 45.5, 90.5, 41.25, 70.25, 66.75], label=0),
    ]
    item = dm.DatasetItem('picture', media=dm.Image.from_numpy(np.zeros((*SIZE, 3), np.uint8)),
                          annotations=shapes)  # fmt: skip
    empty = dm.DatasetItem('empty', media=dm.Image.from_numpy(np.zeros((*SIZE, 3), np.uint8)))
    with tempfile.TemporaryDirectory() as folder:
        written = dm.Dataset.from_iterable([item, empty], categories=['a', 'b', 'c'])
        written.export(folder, 'cvat', save_media=True)
        [xml] = Path(folder).glob('*.xml')
        shutil.copy(xml, HERE / 'cvat.xml')
        read = dm.Dataset.import_from(folder, 'cvat')
        boxes = [a for one in read for a in one.annotations
                 if a.type == AnnotationType.rotated_bbox]  # fmt: skip
        [item] = [one for one in read if one.id == 'picture']
        for box in boxes:
            item.annotations.remove(box)
            corners = np.ravel(box.as_polygon()).tolist()
            item.annotations.append(dm.Polygon(corners, label=box.label, z_order=box.z_order))
        read.put(item)
        read.transform('polygons_to_masks')
        read.transform('boxes_to_masks')
        [item] = [one for one in read if one.id == 'picture']
        masks = [a for a in item.annotations if a.type == AnnotationType.mask]
        compiled = CompiledMask.from_instance_masks(
            masks, instance_labels=[a.label + 1 for a in masks]
        )
        Image.fromarray(compiled.class_mask.astype(np.uint8)).save(HERE / 'cvat.png')


if __name__ == '__main__':
    main()
