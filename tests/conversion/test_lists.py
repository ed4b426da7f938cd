# SPDX-License-Identifier: Apache-2.0
"""Drawn subsets and lists."""

import itertools

import pytest
from conversion.lists import draw_subsets, write_labeled_lists
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_im.errors import UserError


@settings(max_examples=50, deadline=None)
@given(
    names=st.sets(st.text('abc', min_size=1, max_size=4), min_size=12, max_size=60),
    seed=st.integers(0, 100),
    order=st.randoms(),
)
def test_a_partition_that_depends_on_the_seed_alone(names, seed, order):
    shares = dict(val=0.1, test=0.2)
    subsets = draw_subsets(names, shares, seed)
    assert sorted(itertools.chain(*subsets.values())) == sorted(names)
    assert len(subsets['val']) == round(0.1 * len(names))
    shuffled = list(names)
    order.shuffle(shuffled)
    assert draw_subsets(shuffled, shares, seed) == subsets


def test_groups_stay_together():
    names = [f'{group}_{i}' for group in range(20) for i in range(3)]
    subsets = draw_subsets(names, dict(val=0.25), 0, group=lambda name: name.split('_')[0])
    groups = {subset: {n.split('_')[0] for n in drawn} for subset, drawn in subsets.items()}
    assert len(groups['val']) == 5 and not groups['val'] & groups['train']
    assert len(subsets['val']) == 15


def test_seeds_differ():
    names = [str(i) for i in range(100)]
    drawn = {tuple(draw_subsets(names, dict(val=0.1), seed)['val']) for seed in range(5)}
    assert len(drawn) == 5


def test_too_few_images():
    with pytest.raises(UserError, match='3 images are too few: none would be left for val'):
        draw_subsets('abc', dict(val=0.1), 0)


def test_at_least_one_is_labeled(tmp_path):
    write_labeled_lists(tmp_path, ['b', 'a', 'c'], [10], seed=0)
    labeled, unlabeled = (
        (tmp_path / '1_10' / f'{kind}.txt').read_text() for kind in ('labeled', 'unlabeled')
    )
    assert len(labeled.split()) == 1 and sorted(labeled.split() + unlabeled.split()) == [
        'a',
        'b',
        'c',
    ]
