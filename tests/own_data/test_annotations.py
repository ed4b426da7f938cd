# SPDX-License-Identifier: Apache-2.0
"""Which classes occur in which annotation."""

import numpy as np
import pytest

from mmseg_im.errors import UserError
from mmseg_im.own_data.annotations import class_presence
from tests.own_data.conftest import save


def test_ids_leave_out_what_is_ignored(tmp_path):
    save(tmp_path / 'a/x.png', np.uint8([[0, 2], [255, 2]]))
    save(tmp_path / 'b/x.png', np.uint8([[4, 4]]))
    known, found = class_presence(['a/x', 'b/x'], tmp_path)
    assert known == ['0', '1', '2', '3', '4']
    assert found == {'a/x': {'0', '2'}, 'b/x': {'4'}}


def test_masks_of_0_and_255_have_a_foreground(tmp_path):
    save(tmp_path / 'x.png', np.uint8([[0, 255]]))
    save(tmp_path / 'y.png', np.uint8([[0, 0]]))
    assert class_presence(['x', 'y'], tmp_path) == (['0', '1'], {'x': {'0', '1'}, 'y': {'0'}})
    assert class_presence(['y'], tmp_path) == (['0'], {'y': {'0'}})
    save(tmp_path / 'z.png', np.uint8([[255, 255]]))
    assert class_presence(['z'], tmp_path) == (['0', '1'], {'z': {'1'}})


def test_a_folder_for_each_class(tmp_path):
    save(tmp_path / 'cell/x.png', np.uint8([[0, 255]]))
    save(tmp_path / 'nucleus/x.png', np.uint8([[0, 0]]))
    assert class_presence(['x'], tmp_path) == (['cell', 'nucleus'], {'x': {'cell'}})


def test_colours_are_refused(tmp_path):
    save(tmp_path / 'x.png', np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(UserError, match='x.png is no 8-bit image of class ids'):
        class_presence(['x'], tmp_path)
