# SPDX-License-Identifier: Apache-2.0
"""``SeededDataset``: a data set whose samples depend on seed, epoch and index alone."""

import pytest

from mmseg_im.datasets import SeededDataset
from tests.datasets.conftest import stem


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
