# SPDX-License-Identifier: Apache-2.0
"""Labels to begin with have the form that the loaders of annotations read."""

import cv2
import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations

from mmseg_im.datasets.transforms.loading import LoadBinaryAnnotations, LoadMultiLabelAnnotations
from mmseg_im.label_next.pre_labels import pre_label

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ('reduce_zero_label', 'label_map'),
    [(False, None), (True, None), (False, {0: 255, 1: 2, 2: 0, 3: 1, 4: 1})],
)
def test_ids_are_read_back(reduce_zero_label, label_map, tmp_path):
    label = np.random.default_rng(0).integers(0, 3, (1, 6, 7)).astype(np.uint8)
    mask = label == 1
    mask[:, :3] = False
    (path, content), = pre_label(
        label, mask, 'a/b', 'xyz', True, reduce_zero_label, label_map
    ).items()  # fmt: skip
    assert path == 'a/b.png'
    cv2.imwrite(str(tmp_path / 'x.png'), content)
    results = dict(
        seg_map_path=str(tmp_path / 'x.png'), reduce_zero_label=reduce_zero_label,
        label_map=label_map, seg_fields=[],
    )  # fmt: skip
    found = LoadAnnotations()(results)['gt_seg_map']
    assert (found == np.where(mask[0], 255, label[0])).all()


def test_yes_or_no_has_a_gray_for_the_undecided(tmp_path):
    label = np.array([[[0, 1, 0, 1]], [[1, 1, 0, 0]]], np.uint8)
    mask = np.array([[[0, 0, 1, 1]], [[0, 0, 0, 1]]], bool)
    files = pre_label(label, mask, 'b', ['cell', 'nucleus'])
    assert {path: one.tolist() for path, one in files.items()} == {
        'cell/b.png': [[0, 255, 128, 128]],
        'nucleus/b.png': [[255, 255, 0, 128]],
    }
    paths = {}
    for path, content in files.items():
        paths[path] = str(tmp_path / path.replace('/', '_'))
        cv2.imwrite(paths[path], content)
    found = LoadMultiLabelAnnotations()(dict(seg_map_path=paths, seg_fields=[]))['gt_seg_map']
    assert (found.transpose(2, 0, 1)[~mask] == label[~mask]).all()

    (one,) = pre_label(label[:1], mask[:1], 'b', ['no', 'yes'], is_ids=False).values()
    assert one.tolist() == [[0, 255, 128, 128]]
    cv2.imwrite(str(tmp_path / 'one.png'), one)
    found = LoadBinaryAnnotations()(dict(seg_map_path=str(tmp_path / 'one.png'), seg_fields=[]))
    assert found['gt_seg_map'][0, :2].tolist() == [0, 1]
