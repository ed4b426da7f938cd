# SPDX-License-Identifier: Apache-2.0
"""Annotations that are no masks are called by their name, with the way on."""

import json

import numpy as np
import pytest

from mmseg_im.errors import UserError
from mmseg_im.own_data.other_labels import other_labels
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import SIZE, save

LABELME = dict(
    version='5.4.1', flags={}, shapes=[dict(label='a', points=[[0, 0], [1, 1]])],
    imagePath='a.jpg', imageData=None, imageHeight=4, imageWidth=4,
)  # fmt: skip
COCO = dict(
    info={}, images=[dict(id=1, file_name='a.jpg')],
    annotations=[dict(id=1, image_id=1, category_id=1, segmentation=[[0, 0, 1, 1, 1, 0]])],
    categories=[dict(id=1, name='a')],
)  # fmt: skip
VOC = '<annotation>\n <object><bndbox><xmin>1</xmin></bndbox></object>\n</annotation>'
YOLO = '0 0.5 0.5 0.1 0.2\n1 0.1 0.1 0.2 0.2\n'
KINDS = {
    'LabelMe': ('.json', json.dumps(LABELME), 'name the file'),
    'COCO': ('.json', json.dumps(COCO), 'name the file'),
    'CVAT': ('.xml', '<annotations><image/></annotations>', 'name the file'),
    'CVAT video': ('.xml', '<annotations><track/></annotations>', 'CVAT for images 1.1'),
    'Cityscapes polygons': (
        '.json', json.dumps(dict(imgHeight=4, imgWidth=4, objects=[dict(label='road', polygon=[
            [0, 0], [1, 1], [2, 0]])])), '*_labelIds.png',
    ),
    'VIA': (
        '.json', json.dumps({'a.jpg12': dict(filename='a.jpg', regions=[dict(
            shape_attributes=dict(name='polygon'), region_attributes={})])}), 'COCO',
    ),
    'Label Studio': (
        '.json', json.dumps([dict(id=1, annotations=[dict(result=[dict(
            from_name='label', to_name='image', type='polygonlabels')])])]), 'export them as COCO',
    ),
    'Supervisely': (
        '.json', json.dumps(dict(description='', tags=[], size=dict(height=4, width=4), objects=[
            dict(classTitle='a', geometryType='polygon', points=dict(exterior=[[0, 0]]))])),
        'export the project there as COCO',
    ),
    'other JSON': ('.json', '{"a": 1}', 'export masks'),
    'Pascal VOC XML': ('.xml', VOC, 'masks have to be drawn'),
    'YOLO text': ('.txt', YOLO, 'boxes say nothing'),
    '.npy': ('.npy', '', 'export masks'),
}  # fmt: skip


@pytest.mark.parametrize('kind', KINDS)
def test_files_in_place_of_masks(kind, folders):
    images, masks = folders(annotated=0)
    masks.mkdir()
    suffix, content, way = KINDS[kind]
    for i in range(3):
        (masks / f'img {i}ä{suffix}').write_text(content)
    with pytest.raises(UserError, match=f'holds no mask that can be used.*3 files of {kind}') as e:
        survey(images, masks)
    assert way in str(e.value) and 'are not read' in str(e.value)


def test_large_and_hostile_files_are_not_parsed(tmp_path):
    picture = dict(LABELME, imageData='A' * 300_000)
    (tmp_path / 'a.json').write_text(json.dumps(picture))
    back = {key: picture[key] for key in ('imageData', 'imagePath', 'shapes')}
    (tmp_path / 'b.json').write_text(json.dumps(back))
    (tmp_path / 'c.json').write_text('[' * 1_000_000)
    (tmp_path / 'd.json').symlink_to(tmp_path / 'nowhere')
    (tmp_path / 'e.txt').write_text('a list\nof names')
    found = other_labels(tmp_path)
    counts = {kind: len(files) for kind, files in found.items()}
    assert counts == {'LabelMe': 2, 'other JSON': 1, '.json': 1, '.txt': 1}


def test_json_beside_images(folders):
    images, _ = folders(annotated=0, suffix='.jpg')
    for path in list(images.iterdir()):
        path.with_suffix('.json').write_text(json.dumps(LABELME))
    with pytest.raises(UserError, match='one folder, .* 10 files of LabelMe.*are not read here'):
        survey(images, images)


def test_json_beside_masks_is_named(folders):
    images, masks = folders()
    (masks / 'img 7ä.json').write_text(json.dumps(LABELME))
    (masks / 'readme.md').write_text('hello')
    found = survey(images, masks)
    assert any('1 file of LabelMe' in reason for reason in found.reasons)
    save(images / 'x.png', np.zeros((*SIZE, 3), np.uint8))
    (masks / 'img 7ä.json').unlink()
    assert not survey(images, masks).reasons
