# SPDX-License-Identifier: Apache-2.0
"""Data sets that hold others, as labeled and as unlabeled images, and the lists of a split."""

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import SemiDataset
from mmseg_im.datasets.checks import build_checked
from mmseg_im.errors import MissingFileError, UserError
from tests.datasets.conftest import naming, stem


def joined(*cfgs: dict) -> dict:
    return dict(type='ConcatDataset', datasets=list(cfgs))


def test_data_sets_that_are_joined_can_be_labeled_and_unlabeled(mini):
    one, two = (mini.cfg('labeled', ann_file=f'splits/{name}.txt') for name in ('one', 'two'))
    mini.write_list('one', ['l0'])
    mini.write_list('two', ['l1', 'l2'])
    dataset = SemiDataset(joined(one, two), joined(mini.cfg('unlabeled')))
    drawn = {stem(dataset[0]['data_samples']['sup']) for _ in range(40)}
    assert len(dataset) == 5 and drawn == {'l0', 'l1', 'l2'}
    assert cv2.imwrite(str(mini.annotation('l2')), np.full((12, 16), 11, np.uint8))
    with pytest.raises(UserError, match=naming(mini.annotation('l2'), 'the value 11')):
        SemiDataset(joined(one, two), mini.cfg('unlabeled'))
    mapped = [dict(type='LoadAnnotations', reduce_zero_label=True), dict(type='PackSegInputs')]
    wrong = dict(one, pipeline=[dict(type='LoadImageFromFile'), *mapped])
    with pytest.raises(UserError, match='LoadAnnotations fails on the first image'):
        SemiDataset(joined(wrong), mini.cfg('unlabeled'))
    repeated = dict(type='RepeatDataset', dataset=one, times=3)
    mini.write_list('one', ['absent'])
    with pytest.raises(MissingFileError, match='absent'):
        SemiDataset(repeated, mini.cfg('unlabeled'))
    mini.list_file('one').unlink()
    with pytest.raises(MissingFileError, match='dataset.labeled.datasets.0.ann_file'):
        SemiDataset(joined(one, two), mini.cfg('unlabeled'))
    with pytest.raises(UserError, match='the.key.datasets.0.data_prefix.seg_map_path'):
        build_checked(joined(two), 'the.key', labeled=False)


@pytest.mark.parametrize('kind', ['labeled', 'unlabeled'])
def test_a_split_of_data_sets_that_are_joined_is_refused(mini, kind):
    cfgs = dict(labeled=mini.cfg('labeled'), unlabeled=mini.cfg('unlabeled'))
    cfgs[kind] = joined(cfgs[kind])
    message = naming('split', f'of {kind}', 'ConcatDataset', 'none of its own', f'{kind}.datasets')
    with pytest.raises(UserError, match=message):
        SemiDataset(**cfgs, split='splits')


def test_a_split_replaces_the_lists_of_a_base(mini):
    (mini.root / 'other').mkdir()
    (mini.root / 'other' / 'labeled.txt').write_text('l2\n')
    (mini.root / 'other' / 'unlabeled.txt').write_text('u1\nu4\n')
    dataset = SemiDataset(mini.cfg('labeled'), mini.cfg('unlabeled'), split='other')
    assert len(dataset) == 2 and stem(dataset[0]['data_samples']['sup']) == 'l2'
