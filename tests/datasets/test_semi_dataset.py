# SPDX-License-Identifier: Apache-2.0
"""Batches of labeled and unlabeled images, up to what the model is given."""

import copy
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import pseudo_collate
from mmseg.models import SegDataPreProcessor
from torch.utils.data import DataLoader

from mmseg_im.datasets import SeededDataset, SemiDataset
from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.models.data_preprocessor import MultiViewDataPreProcessor

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
BRIGHTNESS = [
    dict(type='ColorJitter', brightness=0.5, contrast=0, saturation=0, hue=0),
    dict(type='PackSemiInputs'),
]
PREPROCESSOR = dict(
    mean=[120.5, 110.5, 100.5], std=[60.0, 55.0, 50.0], bgr_to_rgb=True, size=(16, 20)
)


@pytest.fixture
def semi(mini):
    """Builds a ``SemiDataset``; other arguments are those of the unlabeled pipeline."""

    def semi(geometry=None, **kwargs) -> SemiDataset:
        return SemiDataset(
            mini.cfg('labeled', pipeline=mini.pipeline('labeled', geometry)),
            mini.cfg('unlabeled', pipeline=mini.pipeline('unlabeled', geometry, **kwargs)),
        )

    return semi


@pytest.fixture
def epoch(semi, content):
    """All samples of an epoch, by index: ``epoch(seed, epoch, order)`` of a new data set."""

    def epoch(seed: int, number: int, order=range(5)) -> dict:
        dataset = semi(strong=BRIGHTNESS)
        dataset.set_epoch(seed, number)
        return {i: content(dataset[i]) for i in order}

    return epoch


def label_of(sample) -> np.ndarray:
    return sample.gt_sem_seg.data[0].numpy()


def stem(sample) -> str:
    return Path(sample.img_path).stem


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
    dataset = SemiDataset(mini.cfg('labeled'), mini.cfg('unlabeled', pipeline=pipeline))
    with pytest.raises(ValueError, match='unlabeled.pipeline must end in MultiView'):
        dataset[0]


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


# ------------------------------------------------------------------ annotations of unlabeled images


def test_annotations_of_unlabeled_images_are_never_read(mini):
    # the rule of the project: the pipeline of the configs works where no such file can be read
    dataset = Config.fromfile(CONFIGS / 'semi_camvid.py').train_dataloader.dataset
    for kind in ('labeled', 'unlabeled'):
        changes = mini.cfg(kind)
        del changes['pipeline']
        dataset[kind].update(changes)
    for name in mini.names['unlabeled']:
        mini.annotation(name).write_bytes(b'nobody can read this')
    built = SemiDataset(dataset.labeled, dataset.unlabeled)
    batch = pseudo_collate([built[i] for i in range(5)])
    preprocessed = MultiViewDataPreProcessor(**PREPROCESSOR | dict(size=(352, 480)))(batch, True)
    for view in ('weak', 'strong'):
        values = {v for s in preprocessed['data_samples'][view] for v in np.unique(label_of(s))}
        assert values <= {0, 255}


def test_unreadable_annotation_is_noticed_by_who_reads_it(semi, mini):
    # or the test above could not fail
    mini.annotation('u0').write_bytes(b'nobody can read this')
    with pytest.raises(ValueError, match=r'LoadHiddenAnnotations: .*u0.png cannot be read'):
        semi(annotations=[mini.hidden()])[0]


def test_hidden_annotation_follows_crop_and_flip(semi, mini):
    dataset = semi(annotations=[mini.hidden()])
    seen = set()
    for i in range(len(dataset)):
        sample = dataset[i]
        for view in ('weak', 'strong'):
            image, packed = sample['inputs'][view], sample['data_samples'][view]
            hidden = packed.hidden_sem_seg.data
            assert hidden.shape == (1, 8, 10) and hidden.dtype == torch.int64
            np.testing.assert_array_equal(hidden[0].numpy(), mini.label_of(image))
            assert not label_of(packed).any()  # a loss would see zeros
        seen.add((packed.flip, int(image[0].min()), int(image[1].min())))
    assert {flip for flip, *_ in seen} == {False, True} and len(seen) > 2


def test_hidden_annotation_is_what_mmseg_would_load(mini):
    geometry = [
        dict(type='RandomResize', scale=(20, 20), ratio_range=(0.5, 2.0), keep_ratio=True),
        *mini.geometry,
    ]
    as_mmseg = mini.pipeline('labeled', geometry)
    as_hidden = mini.pipeline('unlabeled', geometry, annotations=[mini.hidden()])[:-1]
    as_hidden.append(dict(type='PackSemiInputs'))
    # the same seed, so the same geometry
    expected, hidden = (
        SeededDataset(mini.cfg('labeled', pipeline=pipeline)) for pipeline in (as_mmseg, as_hidden)
    )
    for dataset in (expected, hidden):
        dataset.set_epoch(0, 0)
    for i in range(len(expected)):
        label = label_of(expected[i]['data_samples'])
        assert len(np.unique(label)) > 4
        got = hidden[i]['data_samples'].hidden_sem_seg.data[0].numpy()
        np.testing.assert_array_equal(got, label)


# ------------------------------------------------------------------------------------- preprocessor


def test_padding_is_255_in_every_view(semi, mini):
    # the images have 12 x 16 pixels, less than the crop in both directions
    dataset = semi(geometry=[dict(type='RandomCrop', crop_size=(16, 20))], strong=BRIGHTNESS)
    samples = [dataset[i] for i in range(3)]
    images = [sample['inputs']['sup'].clone() for sample in samples]
    batch = MultiViewDataPreProcessor(**PREPROCESSOR)(pseudo_collate(samples), training=True)
    for view in ('sup', 'weak', 'strong'):
        inputs = batch['inputs'][view]
        assert inputs.shape == (3, 3, 16, 20)
        assert inputs[:, :, :12, :16].all()  # no value is the mean, so none is 0
        assert not inputs[:, :, 12:].any() and not inputs[:, :, :, 16:].any()
        for i in range(3):
            label = label_of(batch['data_samples'][view][i])
            assert label.shape == (16, 20)
            inside = mini.label_of(images[i]) if view == 'sup' else 0
            np.testing.assert_array_equal(label[:12, :16], inside)
            assert (label[12:] == 255).all() and (label[:, 16:] == 255).all()


def test_each_view_is_preprocessed_as_mmseg_does(semi):
    batch = pseudo_collate([semi(strong=BRIGHTNESS)[i] for i in range(2)])
    expected = {
        view: SegDataPreProcessor(**PREPROCESSOR)(
            dict(inputs=images, data_samples=copy.deepcopy(batch['data_samples'][view])), True
        )
        for view, images in batch['inputs'].items()
    }
    result = MultiViewDataPreProcessor(**PREPROCESSOR)(batch, training=True)
    for view, value in expected.items():
        assert torch.equal(result['inputs'][view], value['inputs'])
        for ours, theirs in zip(result['data_samples'][view], value['data_samples'], strict=True):
            assert torch.equal(ours.gt_sem_seg.data, theirs.gt_sem_seg.data)
            assert ours.metainfo == theirs.metainfo


@pytest.mark.parametrize('training', [True, False])
def test_batch_without_views_is_left_to_mmseg(mini, training):
    dataset = SeededDataset(mini.cfg('labeled'))
    batch = pseudo_collate([dataset[i] for i in range(3)])
    theirs = SegDataPreProcessor(**PREPROCESSOR)(copy.deepcopy(batch), training)
    ours = MultiViewDataPreProcessor(**PREPROCESSOR)(batch, training)
    assert torch.equal(ours['inputs'], theirs['inputs'])
    for one, other in zip(ours['data_samples'], theirs['data_samples'], strict=True):
        assert torch.equal(one.gt_sem_seg.data, other.gt_sem_seg.data)
        assert one.metainfo == other.metainfo


# ------------------------------------------------------------------------------ the supervised case


def test_seeded_dataset_repeats_with_new_augmentation(mini, content):
    dataset = SeededDataset(mini.cfg('labeled'), times=4)
    assert len(dataset) == 12
    assert dataset.metainfo['classes'][0] == 'sky'
    for i in range(3):
        repeated = [dataset[i + 3 * k] for k in range(4)]
        assert {stem(sample['data_samples']) for sample in repeated} == {f'l{i}'}
        contents = [content(sample) for sample in repeated]
        assert any(other != contents[0] for other in contents[1:])


def test_seeded_dataset_depends_on_seed_epoch_and_index(mini, content):
    def read(number: int, order) -> dict:
        dataset = SeededDataset(mini.cfg('labeled'), times=2)
        dataset.set_epoch(1, number)
        return {i: content(dataset[i]) for i in order}

    assert read(0, range(6)) == read(0, reversed(range(6)))
    assert read(0, range(6)) != read(1, range(6))


@pytest.mark.parametrize('times', [0, -1])
def test_seeded_dataset_refuses_times(mini, times):
    with pytest.raises(ValueError, match=f'SeededDataset.times={times}'):
        SeededDataset(mini.cfg('labeled'), times=times)
