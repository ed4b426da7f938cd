# SPDX-License-Identifier: Apache-2.0
"""Annotations of unlabeled images: never read by training, and right where they are asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import pseudo_collate

from mmseg_im.datasets import SeededDataset, SemiDataset
from mmseg_im.models.data_preprocessor import MultiViewDataPreProcessor
from tests.datasets.conftest import PREPROCESSOR, label_of

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'


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
