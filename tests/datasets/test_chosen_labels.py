# SPDX-License-Identifier: Apache-2.0
"""Which pseudo-labels are learned from, what is kept of them, and when their files are read."""

import json
import os
import pickle

import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_im.datasets.checked_files import remembering
from mmseg_im.datasets.damaged_labels import first_damage
from mmseg_im.datasets.pseudo_label_files import INDEX, QUALITY
from mmseg_im.files.row_file import write_rows
from mmseg_im.generations.finished_files import quality_damage
from tests.datasets.test_pseudo_labeled import Written


@pytest.fixture
def written(mini, tmp_path) -> Written:
    return Written(mini, tmp_path / 'labels')


def test_labels_of_an_older_version(written):
    """Index and quality as JSON: whole, and the same images in the same order."""
    images = {
        name: dict(quality=0.5, draws=2, ignored_classes=[i] * (i % 3))
        for i, name in enumerate(written.mini.names['unlabeled'])
    }
    write_rows(written.folder / QUALITY, {}, ((n, json.dumps(row)) for n, row in images.items()))
    new = DATASETS.build(written.cfg(draws='quality')).pseudo
    for name in (INDEX, QUALITY):
        (written.folder / name).unlink()
    (written.folder / 'index.json').write_text(json.dumps(written.index))
    (written.folder / 'quality.json').write_text(json.dumps(dict(images=images)))
    assert first_damage(written.folder) is None and quality_damage(written.folder) is None
    assert list(DATASETS.build(written.cfg(draws='quality')).pseudo) == list(new)
    assert [info['ignored_classes'] for info in new] == [[], [1], [2, 2], [], [4]]
    (written.folder / 'index.json').write_text(json.dumps(dict(written.index, images=[])))
    assert 'index.json is damaged' in first_damage(written.folder)


def test_what_a_worker_holds_does_not_grow_by_objects(written):
    """Of an image there are numbers alone, in arrays that processes share."""
    pseudo = DATASETS.build(written.cfg()).pseudo
    assert len(pickle.dumps(pseudo.numbers)) < 300 and pseudo.numbers.dtype == np.int64
    kept = [value for value in vars(pseudo).values() if value is not pseudo.dataset]
    assert not any(isinstance(value, list | dict) for value in kept)


@pytest.mark.parametrize('how', ['checked', 'remembered', 'not checked'])
def test_labels_are_looked_at_once(written, tmp_path, how):
    """Also if files are not checked: a sample whose label is damaged is not taught."""
    path = written.folder / 'labels' / 'u0.png'
    content = path.read_bytes()
    if how == 'remembered':
        with remembering(tmp_path, True):
            DATASETS.build(written.cfg())
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 4]))
        os.utime(path, ns=times)
    else:
        path.write_bytes(content[:-3])
    with remembering(tmp_path, how != 'not checked'):
        if how == 'checked':
            with pytest.raises(ValueError, match='u0.png is cut off'):
                DATASETS.build(written.cfg())
            return
        dataset = DATASETS.build(written.cfg(geometry=()))
    dataset.set_epoch(0, 0)
    with pytest.raises(ValueError, match='u0.png is (damaged|cut off)'):
        for i in range(len(dataset)):
            dataset[i]
