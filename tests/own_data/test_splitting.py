# SPDX-License-Identifier: Apache-2.0
"""Splits are exact, nested, whole in groups, and hold every class where that is possible."""

import unicodedata
from fractions import Fraction
from functools import partial
from itertools import combinations, pairwise

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmseg_im.errors import UserError
from mmseg_im.own_data.selection import Unit, cover, fill
from mmseg_im.own_data.splitting import (
    draw_splits,
    group_keys,
    missing_classes,
    parse_ratio,
    target_counts,
)

pytestmark = pytest.mark.fast

CLASSES = 'abcde'
some_classes = st.lists(st.sets(st.sampled_from(CLASSES)), min_size=4, max_size=9)


def named(found: list[set[str]]) -> dict[str, set[str]]:
    return {f'image_{i}': classes for i, classes in enumerate(found)}


@given(
    st.integers(6, 60), st.integers(0, 3), st.integers(0, 2), st.integers(0, 5), st.data()
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_counts_are_exact_and_sets_nested(total, val, test, seed, data):
    names = [f'image_{i}' for i in range(total)]
    sizes = data.draw(st.lists(st.integers(1, total - val - test), min_size=1, max_size=4))
    found = draw_splits(names, sizes, val, test, seed)
    assert [len(labeled) for labeled in found.labeled] == sizes
    assert (len(found.val), len(found.test)) == (val, test)
    for labeled, unlabeled in zip(found.labeled, found.unlabeled, strict=True):
        parts = [*labeled, *unlabeled, *found.val, *found.test]
        assert sorted(parts) == sorted(names)  # nothing twice, nothing lost
        assert labeled == sorted(labeled)
    by_size = sorted(found.labeled, key=len)
    assert all(set(a) <= set(b) for a, b in pairwise(by_size))
    assert draw_splits(reversed(names), sizes, val, test, seed) == found


def test_every_image_is_drawn_equally_often():
    names = [f'{i}' for i in range(8)]
    counts = dict.fromkeys(names, 0)
    for seed in range(800):
        for name in draw_splits(names, [2], val=1, seed=seed).labeled[0]:
            counts[name] += 1
    assert all(150 < count < 250 for count in counts.values())  # 200, and 4 deviations of 12


@given(some_classes, st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_no_class_is_missing_that_brute_force_can_have(found, count, seed):
    classes = named(found)
    best = max(len(set().union(*subset)) for subset in combinations(found, count))
    labeled = draw_splits(classes, [count], 0, 0, seed, None, classes).labeled[0]
    assert len(labeled) == count
    assert len(set().union(*(classes[name] for name in labeled))) == best


@given(some_classes, st.lists(st.integers(0, 3), min_size=9, max_size=9), st.integers(1, 6))
# the group of one image brings a class, the group of three the other, and four are close to three
@example([{'b'}, set(), set(), {'a'}], [0, 3, 3, 3, 0, 0, 0, 0, 0], 3)
@settings(max_examples=80, deadline=None)
def test_groups_stay_together_and_hold_all_classes_if_they_can(found, keys, count):
    classes = named(found)
    groups = {name: str(key) for name, key in zip(classes, keys, strict=False)}
    members = {}
    for name, key in groups.items():
        members.setdefault(key, []).append(name)
    count = min(count, len(classes))
    subsets = [
        [name for key in keys for name in members[key]]
        for number in range(1, len(members) + 1)
        for keys in combinations(members, number)
    ]
    closest = min(abs(len(subset) - count) for subset in subsets)
    budget = max(count, min(len(s) for s in subsets if abs(len(s) - count) == closest))
    best = max(
        (len(set().union(*(classes[n] for n in s))) for s in subsets if len(s) <= budget),
        default=0,
    )
    splits = draw_splits(classes, [count], 0, 0, 0, groups, classes)
    labeled = splits.labeled[0]
    assert not {groups[n] for n in labeled} & {groups[n] for n in splits.unlabeled[0]}
    assert len(set().union(*(classes[name] for name in labeled))) >= best
    plain = draw_splits(classes, [count], 0, 0, 0, groups).labeled[0]
    assert abs(len(plain) - count) == closest


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 20))
def test_fill_comes_closest(sizes, target):
    units = [Unit(tuple(f'{i}_{j}' for j in range(n)), frozenset()) for i, n in enumerate(sizes)]
    sums = {sum(s) for k in range(1, len(sizes) + 1) for s in combinations(sizes, k)}
    got = sum(unit.size for unit in fill(units, target))
    assert abs(got - target) == min(abs(s - target) for s in sums)
    assert fill(units, 0) == []


def test_classes_need_a_search():
    """The first image with each class would take three; two hold all six."""
    found = ['ab', 'cd', 'ef', 'ace', 'bdf'] + ['a'] * 30
    units = [Unit((str(i),), frozenset(classes)) for i, classes in enumerate(found)]
    assert {unit.names[0] for unit in cover(units, 2)} == {'3', '4'}


def greedy(found: list[set], count: int) -> set:
    """Classes of the images of which each brings the most new ones."""
    seen = set()
    for _ in range(count):
        seen |= max(found, key=lambda classes: len(classes - seen))
    return seen


def test_few_labels_and_rare_classes_need_an_exact_search():
    """Four of 100 images, twelve classes from common to rare, as in street scenes.

    Greedy choice misses a class that four images can hold in more than a quarter of such data sets
    (37 of these 100): whoever labels few images is the one who loses a class. Hence the branch
    and bound.
    """
    share = 0.9 / np.arange(1, 13) ** 1.2  # of the images that hold a class
    worse = 0
    for seed in range(100):
        holds = np.random.default_rng(seed).random((100, 12)) < share
        found = [set(np.flatnonzero(row).tolist()) for row in holds]
        classes = {str(i): of_image for i, of_image in enumerate(found)}
        labeled = draw_splits(classes, [4], 0, 0, 0, None, classes).labeled[0]
        assert len(labeled) == 4
        kept = len(set().union(*(classes[name] for name in labeled)))
        assert kept >= len(greedy(found, 4))
        worse += kept > len(greedy(found, 4))
    assert worse > 25


def test_labeled_val_and_test_share_a_rare_class():
    classes = {f'{i}': {'common', 'rare'} if i < 3 else {'common'} for i in range(40)}
    for seed in range(5):
        splits = draw_splits(classes, [4, 20], 4, 4, seed, None, classes)
        for names in (splits.labeled[0], splits.val, splits.test):
            assert any('rare' in classes[name] for name in names)


def test_reasons_of_missing_classes():
    classes = {'1': {'a'}, '2': {'b'}, '3': {'c'}}
    reasons = missing_classes(['1', '2'], classes, ['a', 'b', 'c', 'd'])
    assert set(reasons) == {'c', 'd'}
    assert 'in 1 of 3 images, and no draw of 2 images holds all' in reasons['c']
    assert reasons['d'] == 'it occurs in no annotation'


def test_ratios_are_rounded_to_the_nearest():
    eighths = [Fraction(1, n) for n in (16, 8, 4, 2)]
    assert target_counts(eighths, 367) == [23, 46, 92, 184]  # as CamVid is split
    assert target_counts([Fraction(1, 10)], 40, val=10) == [3]
    assert parse_ratio('0.1') == Fraction(1, 10) and parse_ratio('1/16') == Fraction(1, 16)


@pytest.mark.parametrize(
    ('call', 'match'),
    [
        (lambda: parse_ratio('2'), 'must be a number above 0'),
        (lambda: parse_ratio('1/0'), 'must be a number above 0'),
        (lambda: parse_ratio('half'), 'must be a number above 0'),
        (lambda: target_counts([Fraction(1, 16)], 7), '1/16 of 7 images'),
        (lambda: target_counts([8], 10, val=3), '8 of 7 images'),
        (lambda: target_counts([1], 10, val=5, test=5), 'leave none of 10'),
        (lambda: group_keys(['a_1', 'b'], '(.*)_'), 'finds nothing in 1 of 2 names: b'),
        (lambda: group_keys(['a'], 'a'), 'has no group'),
        (lambda: group_keys(['a'], '('), 'is no regular expression'),
    ],
)
def test_mistakes(call, match):
    with pytest.raises(UserError, match=match):
        call()


@pytest.fixture
def run(call_tool):
    """Calls the tool, see ``call_tool``."""
    return partial(call_tool, 'make_splits.py')


@pytest.fixture
def frames(tmp_path):
    """Six sequences of four frames in two folders, with stems in common; class 3 is rare."""
    rng = np.random.default_rng(0)
    for folder in ('day', 'night'):
        for i in range(12):
            for kind in ('images', 'masks'):
                (tmp_path / kind / folder).mkdir(parents=True, exist_ok=True)
            name = f'{folder}/seq{i // 4}_{i}'
            label = rng.choice(np.uint8([0, 1, 255]), (8, 8))
            label[0, 0] = 3 if (folder, i) == ('night', 5) else 0
            cv2.imwrite(str(tmp_path / 'images' / f'{name}.jpg'), np.zeros((8, 8, 3), np.uint8))
            cv2.imwrite(str(tmp_path / 'masks' / f'{name}.png'), label)
    return tmp_path


def names_in(path) -> list[str]:
    return path.read_text().splitlines()


def test_the_tool(frames, run):
    out = frames / 'splits'
    options = ['--ratios', '1/5', '--counts', 8, '--val', 4, '--group-by', '(.*)_',
               '--annotations', frames / 'masks']  # fmt: skip
    error, text = run(frames / 'images', out, *options)
    assert error is None
    small, large = names_in(out / '1_5/labeled.txt'), names_in(out / '8/labeled.txt')
    val = names_in(out / 'val.txt')
    assert [len(small), len(large), len(val)] == [4, 8, 4] and set(small) < set(large)
    assert small == [f'night/seq1_{i}' for i in (4, 5, 6, 7)]  # the only sequence with class 3
    assert 'val: class 3 is missing' in text and '1/5: class 2 is missing' in text
    assert not (out / 'test.txt').exists()
    assert run(frames / 'images', out, *options) == (None, text)
    error, _ = run(frames / 'images', out, *options, '--seed', 5)
    assert 'exist with other names' in error
    assert names_in(out / '8/labeled.txt') == large


def test_the_tool_with_a_list(frames, run):
    listed = ['day/seq0_0', 'night/seq0_0', 'day/seq0_1']
    (frames / 'list.txt').write_text('\n'.join(listed))
    assert run(frames / 'list.txt', frames / 'out', '--counts', 1)[0] is None
    found = [names_in(frames / f'out/1/{kind}.txt') for kind in ('labeled', 'unlabeled')]
    assert [len(names) for names in found] == [1, 2] and sorted(found[0] + found[1]) == sorted(
        listed
    )
    (frames / 'list.txt').write_text('a\na\n')
    assert 'names twice: a' in run(frames / 'list.txt', frames / 'out', '--counts', 1)[0]


def test_a_count_that_groups_cannot_make(frames, run):
    _, text = run(frames / 'images', frames / 'out', '--counts', 6, '--group-by', '(.*)_')
    assert '6: 4 images in place of 6' in text


def test_mistakes_of_the_files(frames, run):
    (frames / 'images/day/seq0_0.png').write_bytes(b'')
    error, _ = run(frames / 'images', frames / 'out', '--counts', 3)
    assert 'day/seq0_0.jpg and' in error and 'day/seq0_0.png' in error
    (frames / 'images/day/seq0_0.png').unlink()
    (frames / 'masks/day/seq0_0.png').unlink()
    (frames / 'masks/day/seq0_1.png').unlink()
    options = ['--counts', 3, '--annotations', frames / 'masks']
    error, _ = run(frames / 'images', frames / 'out', *options)
    assert '2 annotations are missing' in error
    assert 'seq0_0.png' in error and 'seq0_1.png' in error
    assert 'Say how many' in run(frames / 'images', frames / 'out')[0]
    assert not (frames / 'out').exists()


@pytest.mark.parametrize('forms', [('NFC', 'NFD'), ('NFD', 'NFC'), ('NFD', 'NFD')])
def test_lists_spell_names_as_the_disk_does(forms, tmp_path, run):
    image, mask = (unicodedata.normalize(form, 'zwölf') for form in forms)
    for folder, name in (('images', image), ('masks', mask)):
        for stem in (name, 'b'):
            (tmp_path / folder).mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / folder / f'{stem}.png'), np.zeros((2, 2), np.uint8))
    options = ['--counts', 1, '--annotations', tmp_path / 'masks']
    assert run(tmp_path / 'images', tmp_path / 'out', *options)[0] is None
    listed = [
        *names_in(tmp_path / 'out/1/labeled.txt'),
        *names_in(tmp_path / 'out/1/unlabeled.txt'),
    ]
    assert sorted(listed) == sorted(['b', image])
    assert all((tmp_path / f'images/{name}.png').is_file() for name in listed)
