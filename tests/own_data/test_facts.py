# SPDX-License-Identifier: Apache-2.0
"""Numbers of the written configs: class weights, updates, epochs, crops."""

import numpy as np
import pytest

from mmseg_im.own_data.class_weights import default_weights, loss_text
from mmseg_im.own_data.facts import Facts, crop_of, epochs_of, updates_of
from mmseg_im.own_data.scheme import Scheme
from mmseg_im.own_data.written_configs import training_config

pytestmark = pytest.mark.fast


def facts(labeled=10, unlabeled=100, space='multiclass', weights=None, network='lite0') -> Facts:
    names = ('background', 'thing') if space == 'binary' else ('a', 'b', 'c')
    palette = ((0, 0, 0), (1, 1, 1), (2, 2, 2))[: len(names)]
    scheme = Scheme(space, 'values', names, tuple(range(len(names))), frozenset(), palette, ())
    return Facts(scheme, (64, 96), '.png', labeled, unlabeled, 2, network, weights)


@pytest.mark.parametrize(
    ('labeled', 'unlabeled', 'updates'),
    [
        (5, 0, 500),
        (10, 10, 500),
        (17, 23, 1000),
        (20, 190, 2000),
        (100, 5000, 2000),
        (5000, 0, 25000),
        (5000, 1, 25000),
    ],
)
def test_few_images_make_fewer_updates(labeled, unlabeled, updates):
    assert updates_of(facts(labeled, unlabeled)) == updates
    samples, epochs = epochs_of(facts(labeled, unlabeled))
    assert epochs >= 20 and samples >= 100
    assert updates <= epochs * (samples // 4)
    if 10 <= unlabeled < 400:
        assert epochs * (samples // 4) < updates + samples // 4


def test_a_short_epoch_repeats_its_images():
    text = training_config(facts(unlabeled=7), 'mine')
    assert 'samples_per_epoch = 100  # drawn from 7 unlabeled images' in text
    assert 'max_epochs = 20  # 500 updates' in text
    assert 'times=34' in training_config(facts(labeled=3, unlabeled=0), 'mine')


@pytest.mark.parametrize(('divisor', 'crop'), [(16, (96, 32)), (14, (98, 28))])
def test_crops(divisor, crop):
    assert crop_of((100, 20), divisor, 256) == crop
    assert crop_of((100, 600), divisor, 256) == (crop[0], 256 // divisor * divisor)


def test_very_many_images_make_no_more_updates():
    samples, epochs = epochs_of(facts(unlabeled=5000))
    assert (samples, epochs) == (400, 20)
    text = training_config(facts(unlabeled=5000), 'mine')
    assert 'samples_per_epoch = 400' in text


def test_a_network_from_scratch_has_more_updates():
    assert updates_of(facts(network='unet')) == 6000 > updates_of(facts())
    assert '# 6000 updates' in training_config(facts(network='unet'), 'mine')


def test_classes_in_balance_have_no_weights():
    pixels = np.array([[50, 30, 20], [40, 30, 30]])
    assert default_weights(pixels, pixels.sum(1), 'multiclass') is None
    assert default_weights(pixels[:, :2], pixels[:, :2].sum(1), 'binary') is None
    assert default_weights(pixels, np.array([100, 100]), 'multilabel') is None


def test_weights_of_classes():
    """A class that is nowhere weighs 1, and none more than 10."""
    pixels = np.array([[9000, 900, 0, 1], [9000, 900, 0, 0]])
    weights = default_weights(pixels, pixels.sum(1), 'multiclass')
    assert weights == [1, 1, 1, 10]
    assert default_weights(pixels[:, :2], pixels[:, :2].sum(1), 'binary') == [3.16]
    assert default_weights(np.array([[9999, 1]]), np.array([10000]), 'binary') == [10]
    known = np.array([10000])
    assert default_weights(np.array([[1000, 0, 9000]]), known, 'multilabel') == [3, 1, 0.33]


@pytest.mark.parametrize('pixels', [15, 100, 4000])
def test_small_objects_do_not_switch_the_background_off(pixels):
    weights = default_weights(np.array([[10**6, *[pixels] * 3]]), np.array([10**6]), 'multiclass')
    assert weights[0] == max(0.1, round((pixels / 10**6) ** 0.5, 2))
    assert weights[1:] == [1, 1, 1]


@pytest.mark.parametrize('space', ['multiclass', 'binary', 'multilabel'])
def test_weights_stand_above_the_mark(space):
    text = training_config(facts(space=space, weights=[1.0, 2.5, 3.0]), 'mine')
    above, _, below = text.partition('the mark\n')
    assert 'class_weight = [1.0, 2.5, 3.0]  # ' in above
    assert loss_text(space, 'class_weight') in below
    assert 'class_weight' not in training_config(facts(space=space), 'mine')


@pytest.mark.parametrize('network', ['lite0', 'unet', 'r50', 'dinov2-s'])
@pytest.mark.parametrize('space', ['multiclass', 'binary', 'multilabel'])
def test_lines_are_short(network, space):
    text = training_config(facts(space=space, weights=[1.0], network=network), 'mine')
    assert max(map(len, text.splitlines())) <= 100
    compile(text.replace('{{ fileDirname }}', ''), 'mine.py', 'exec')
