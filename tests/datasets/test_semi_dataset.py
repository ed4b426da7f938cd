# SPDX-License-Identifier: Apache-2.0
"""Samples of a labeled and an unlabeled image, which seed, epoch and index decide."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmseg_im.datasets import SemiDataset, semi_dataset
from mmseg_im.datasets.nested_datasets import transforms_of
from mmseg_im.errors import MissingFileError, UserError
from tests.datasets.conftest import BRIGHTNESS, label_of, stem


@pytest.fixture
def epoch(semi, content):
    """All samples of an epoch, by index: ``epoch(seed, epoch, order)`` of a new data set."""

    def epoch(seed: int, number: int, order=range(5)) -> dict:
        dataset = semi(strong=BRIGHTNESS)
        dataset.set_epoch(seed, number)
        return {i: content(dataset[i]) for i in order}

    return epoch


# ------------------------------------------------------------------------ what a sample consists of


def test_length_and_metainfo(semi):
    dataset = semi()
    assert len(dataset) == 5
    assert dataset.metainfo['classes'][:2] == ('sky', 'building')


def test_views_of_a_sample(semi):
    dataset = semi()
    for i in range(len(dataset)):
        sample = dataset[i]
        assert set(sample['inputs']) == set(sample['data_samples']) == {'sup', 'weak', 'strong'}
        samples = sample['data_samples']
        assert stem(samples['weak']) == stem(samples['strong']) == f'u{i}'
        assert stem(samples['sup']).startswith('l')


def test_labeled_annotation_follows_its_image(semi, mini):
    dataset = semi()
    flips = set()
    for i in range(len(dataset)):
        sample = dataset[i]
        image, labeled = sample['inputs']['sup'], sample['data_samples']['sup']
        np.testing.assert_array_equal(label_of(labeled), mini.label_of(image))
        flips.add(labeled.flip)
    assert flips == {False, True}


def test_views_without_photometric_transforms_are_identical(semi):
    dataset = semi()
    for i in range(len(dataset)):
        sample = dataset[i]
        assert torch.equal(sample['inputs']['weak'], sample['inputs']['strong'])
        weak, strong = (label_of(sample['data_samples'][view]) for view in ('weak', 'strong'))
        np.testing.assert_array_equal(weak, strong)
        assert weak.shape == (8, 10) and not weak.any()


def test_geometry_is_shared_by_different_views(semi):
    # of the same pixels, one factor makes the strong view from the weak one
    dataset = semi(strong=BRIGHTNESS)
    factors = []
    for i in range(len(dataset)):
        views = dataset[i]['inputs']
        weak, strong = views['weak'].double(), views['strong'].double()
        safe = (weak > 40) & (strong < 255)
        factors.append((strong[safe] / weak[safe]).median())
        torch.testing.assert_close((weak * factors[-1]).clamp(max=255), strong, atol=2, rtol=0)
    assert max(factors) - min(factors) > 0.1


def test_labeled_partner_varies(semi):
    dataset = semi()
    partners = [stem(dataset[0]['data_samples']['sup'])]
    for epoch in range(1, 12):
        dataset.set_epoch(0, epoch)
        partners.append(stem(dataset[0]['data_samples']['sup']))
    assert set(partners) == {'l0', 'l1', 'l2'}


def test_a_split_names_both_lists(mini):
    """In place of two list files: one folder, which stands in one place of a config."""
    folder = Path(mini.root) / 'splits' / 'other'
    folder.mkdir(parents=True)
    cfgs = {kind: mini.cfg(kind) for kind in ('labeled', 'unlabeled')}
    lists = {kind: Path(mini.root, cfg.pop('ann_file')).read_text() for kind, cfg in cfgs.items()}
    lists['unlabeled'] = lists['unlabeled'].splitlines()[0]
    for kind, text in lists.items():
        (folder / f'{kind}.txt').write_text(text)
    dataset = SemiDataset(**cfgs, split='splits/other')
    assert len(dataset) == 1
    assert len(dataset.labeled) == len(lists['labeled'].splitlines())
    with pytest.raises(MissingFileError, match=r'labeled.ann_file.*splits/none/labeled.txt'):
        SemiDataset(**cfgs, split='splits/none')


@pytest.mark.parametrize('num_samples', [3, 7], ids=['shorter', 'longer'])
def test_an_epoch_of_a_chosen_length(mini, num_samples):
    """Passes over the unlabeled images go on across epochs: all are seen equally often."""
    configs = [mini.cfg(k, pipeline=mini.pipeline(k)) for k in ('labeled', 'unlabeled')]
    dataset = SemiDataset(*configs, num_samples=num_samples)
    assert len(dataset) == num_samples
    seen = {stem(dataset[0]['data_samples']['weak']) for _ in range(60)}
    assert len(seen) == 5  # no epoch is set: at random
    seen = []
    for number in range(5):
        dataset.set_epoch(0, number)
        seen += [stem(dataset[i]['data_samples']['weak']) for i in range(num_samples)]
    passes = [set(seen[i : i + 5]) for i in range(0, len(seen), 5)]
    assert all(len(one) == 5 for one in passes)
    with pytest.raises(UserError, match='num_samples=0'):
        SemiDataset(*configs, num_samples=0)


def test_pipeline_without_views_is_refused(mini):
    pipeline = mini.pipeline('unlabeled')[:-1] + [dict(type='PackSegInputs')]
    with pytest.raises(ValueError, match='unlabeled.pipeline must end in MultiView'):
        SemiDataset(mini.cfg('labeled'), mini.cfg('unlabeled', pipeline=pipeline))
    pipeline = mini.pipeline('labeled')[:-1]
    with pytest.raises(ValueError, match='labeled.pipeline must end in PackSegInputs'):
        SemiDataset(mini.cfg('labeled', pipeline=pipeline), mini.cfg('unlabeled'))


# ----------------------------------------------------------------- (seed, epoch, index) and no more


def test_second_instance_gives_the_same(epoch):
    assert epoch(seed=3, number=2) == epoch(seed=3, number=2)


def test_order_and_earlier_reads_change_nothing(epoch):
    expected = epoch(seed=3, number=2)
    seed_global_states()
    assert epoch(seed=3, number=2, order=(4, 2, 2, 0, 3, 1)) == expected


def test_epoch_can_be_returned_to(semi, content):
    dataset = semi(strong=BRIGHTNESS)
    dataset.set_epoch(3, 2)
    expected = content(dataset[1])
    dataset.set_epoch(3, 5)
    assert content(dataset[1]) != expected
    dataset.set_epoch(3, 2)
    assert content(dataset[1]) == expected


@pytest.mark.parametrize('seed, number', [(3, 3), (4, 2), (2, 3)])
def test_other_seed_or_epoch_gives_other_samples(epoch, seed, number):
    expected, other = epoch(seed=3, number=2), epoch(seed, number)
    assert all(other[i] != expected[i] for i in expected)


@pytest.mark.parametrize('workers', [0, 2])
def test_loader_gives_what_the_data_set_gives(semi, content, epoch, workers):
    # persistent workers hold a copy of the data set, which must still learn of the new epoch
    dataset = semi(strong=BRIGHTNESS)
    loader = DataLoader(
        dataset,
        batch_size=2,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=pseudo_collate,
    )
    for number in range(2):
        dataset.set_epoch(7, number)
        loaded = {}
        for batch in loader:
            for i, sample in enumerate(batch['data_samples']['weak']):
                views = {
                    key: {name: values[i] for name, values in batch[key].items()}
                    for key in ('inputs', 'data_samples')
                }
                loaded[int(stem(sample)[1:])] = content(views)
        assert loaded == epoch(seed=7, number=number)


def seed_global_states() -> None:
    """To values that no sample of the tests is seeded with."""
    random.seed(91)
    np.random.seed(92)
    torch.manual_seed(93)


def global_states() -> tuple:
    name, keys, *rest = np.random.get_state()
    return random.getstate(), name, keys.tolist(), rest, torch.get_rng_state().tolist()


def test_without_an_epoch_every_pass_is_augmented_anew(semi, content):
    # such as with an iteration-based loop, or in a config without SeedHook
    dataset = semi(strong=BRIGHTNESS)
    first, second = ([content(dataset[i]) for i in range(len(dataset))] for _ in range(2))
    assert first != second


def test_global_random_states_are_left_alone(semi):
    dataset = semi(strong=BRIGHTNESS)
    dataset.set_epoch(0, 0)
    seed_global_states()
    before = global_states()
    dataset[0]
    assert global_states() == before


def test_global_random_states_are_put_back_after_an_error(semi, mini):
    dataset = semi(strong=BRIGHTNESS)
    dataset.set_epoch(0, 0)
    mini.image('u0').write_bytes(b'')
    seed_global_states()
    before = global_states()
    with pytest.raises(ValueError, match='u0.png'):
        dataset[0]
    assert global_states() == before


def test_steps_that_are_drawn_rarely_are_tried_before_training(mini):
    """A step for colours among images of four channels, once in a thousand images."""
    bands = dict(type='LoadImageFromFile', color_type='unchanged')
    for path in (mini.root / 'images').rglob('*.png'):
        assert cv2.imwrite(str(path), np.zeros((12, 16, 4), np.uint8))
    gray = dict(type='RandomGrayscale', prob=0.001, keep_channels=True)
    views = dict(weak=[dict(type='PackSegInputs')], strong=[gray, dict(type='PackSegInputs')])
    empty = dict(type='LoadEmptyAnnotations')
    pipeline = [bands, empty, dict(type='MultiView', views=views)]
    labeled = mini.cfg('labeled', pipeline=[bands, *mini.pipeline('labeled', geometry=[])[1:]])
    with pytest.raises(UserError, match='RandomGrayscale fails on the first image'):
        SemiDataset(labeled, mini.cfg('unlabeled', pipeline=pipeline))
    gray['type'] = 'RandomFlip'
    del gray['keep_channels']
    dataset = SemiDataset(labeled, mini.cfg('unlabeled', pipeline=pipeline))
    flip = next(t for t in transforms_of(dataset.unlabeled.pipeline) if hasattr(t, 'prob'))
    assert flip.prob == 0.001  # as before


def test_a_split_says_which_list_it_replaces(mini, monkeypatch):
    texts: list[str] = []
    monkeypatch.setattr(semi_dataset, 'print_log', lambda text, **_: texts.append(text))
    mini.write_list('one', ['l0'])
    SemiDataset(mini.cfg('labeled', ann_file='splits/one.txt'), mini.cfg('unlabeled'), 'splits')
    assert len(texts) == 1  # the other list is the same
    assert "split replaces labeled.ann_file='splits/one.txt' by 'splits/labeled.txt'" in texts[0]
