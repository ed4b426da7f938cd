# SPDX-License-Identifier: Apache-2.0
"""Writes labelme.json with LabelMe, and labelme.png as LabelMe draws it.

Needs the package labelme in an environment of its own: pip install labelme==6.3.1
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
from labelme import utils
from labelme._label_file import LabelFile
from PIL import Image

HERE = Path(__file__).parent
SIZE = 60, 80
LABELS = ['a', 'b', 'c']


def shape(label: str, kind: str, points: list, mask: str | None = None) -> dict:
    """A shape as LabelMe saves it."""
    return dict(label=label, points=points, group_id=None, description='', shape_type=kind,
                flags={}, mask=mask)  # fmt: skip


def main() -> None:
    disc = np.hypot(*np.mgrid[-5:6, -7:8]) < 6
    png = io.BytesIO()
    Image.fromarray(disc.astype(np.uint8)).save(png, 'PNG')
    encoded = base64.b64encode(png.getvalue()).decode()
    shapes = [
        shape('a', 'polygon', [[2.3, 3.7], [30.5, 1.2], [25.1, 28.9], [14.6, 12.4], [4.2, 27.5]]),
        shape('b', 'rectangle', [[40.6, 20.4], [22.2, 10.7]]),
        shape('c', 'circle', [[55.3, 14.8], [60.1, 20.2]]),
        shape('a', 'line', [[5.5, 40.2], [30.7, 52.9]]),
        shape('b', 'linestrip', [[35.2, 35.1], [50.8, 40.3], [45.5, 55.7]]),
        shape('c', 'point', [[70.4, 30.6]]),
        shape('a', 'oriented_rectangle', [[60.2, 40.1], [74.3, 44.6], [71.8, 53.2], [57.6, 48.9]]),
        shape('b', 'mask', [[62.0, 2.0], [76.0, 12.0]], encoded),
        shape('c', 'polygon', [[-4.5, 50.5], [12.5, 48.5], [8.5, 66.5]]),
    ]
    image = Path('picture.png')
    content = io.BytesIO()
    Image.new('RGB', SIZE[::-1]).save(content, 'PNG')
    file = str(HERE / 'labelme.json')
    LabelFile().save(file, shapes, str(image), *SIZE, image_data=content.getvalue())
    saved = json.loads(Path(file).read_text())
    ids = {name: i for i, name in enumerate(LABELS, 1)}
    label, _ = utils.shapes_to_label(SIZE, LabelFile(file).shapes, ids)
    Image.fromarray(label.astype(np.uint8)).save(HERE / 'labelme.png')
    assert saved['imageHeight'] == SIZE[0]


if __name__ == '__main__':
    main()
