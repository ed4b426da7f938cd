# SPDX-License-Identifier: Apache-2.0
"""The three label spaces against NumPy in float64."""

import numpy as np
import pytest
import torch

from mmseg_im.labels.spaces import Binary, MultiClass, MultiLabel, build_label_space

pytestmark = pytest.mark.fast

SPACES = [MultiClass(4), Binary(), MultiLabel(3)]
SIZES = [(2, 5, 7), (1, 1, 1), (1, 3, 1)]


def numpy_probs(space, logits):
    x = logits.double().numpy()
    if isinstance(space, MultiClass):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
    return 1 / (1 + np.exp(-x))


def numpy_loss(space, logits, target):
    """Cross entropy from the probabilities, zero on 255."""
    p, t = numpy_probs(space, logits), target.numpy()
    safe = np.where(t == 255, 0, t)
    if isinstance(space, MultiClass):
        loss = -np.log(np.take_along_axis(p, safe, axis=1))
    else:
        loss = -np.log(np.where(safe == 1, p, 1 - p))
    return np.where(t == 255, 0.0, loss)


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('space', SPACES, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_formulas(space, size, dtype):
    n, h, w = size
    logits = (3 * torch.randn(n, space.out_channels, h, w)).to(dtype)
    probs = space.probs(logits)
    expected = numpy_probs(space, logits)
    assert probs.dtype == torch.float32
    np.testing.assert_allclose(probs.numpy(), expected, atol=1e-6)

    hard = space.hard(probs)
    assert hard.dtype == torch.uint8 and hard.shape == (n, space.num_maps, h, w)
    if isinstance(space, MultiClass):
        np.testing.assert_array_equal(hard.numpy()[:, 0], expected.argmax(1))
        confidence = expected.max(1, keepdims=True)
    else:
        np.testing.assert_array_equal(hard.numpy(), expected > 0.5)
        confidence = np.maximum(expected, 1 - expected)
    np.testing.assert_allclose(space.confidence(probs, hard).numpy(), confidence, atol=1e-6)
    blocked = torch.full_like(hard, 255)
    assert (space.confidence(probs, blocked) == 0).all()

    target = torch.randint(space.num_labels, (n, space.num_maps, h, w))
    target[torch.rand(target.shape) < 0.3] = 255
    loss = space.pixel_loss(logits, target)
    np.testing.assert_allclose(loss.numpy(), numpy_loss(space, logits, target), atol=1e-5)


@pytest.mark.parametrize('space', SPACES, ids=lambda s: type(s).__name__)
def test_all_ignored_is_zero_with_a_graph(space):
    logits = torch.randn(2, space.out_channels, 3, 4, requires_grad=True)
    target = torch.full((2, space.num_maps, 3, 4), 255, dtype=torch.uint8)
    loss = space.pixel_loss(logits, target).sum()
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


@pytest.mark.parametrize('space', SPACES, ids=lambda s: type(s).__name__)
def test_count(space):
    label = torch.randint(space.num_labels, (2, space.num_maps, 5, 6), dtype=torch.uint8)
    where = torch.rand(2, 1, 5, 6) > 0.4
    chosen = np.where(np.broadcast_to(where.numpy(), label.shape), label.numpy(), 99)
    if isinstance(space, MultiLabel):
        expected = (chosen == 1).sum((0, 2, 3))
    else:
        expected = [(chosen == c).sum() for c in range(space.num_classes)]
    np.testing.assert_array_equal(space.count(label, where).numpy(), expected)


def test_threshold_of_sigmoid_tasks():
    space = build_label_space(dict(type='binary', threshold=0.8), 2, 1)
    probs = torch.tensor([0.5, 0.79, 0.81]).view(1, 1, 1, 3)
    assert space.hard(probs).flatten().tolist() == [0, 0, 1]
    confidence = space.confidence(probs, space.hard(probs))
    np.testing.assert_allclose(confidence.flatten(), [0.5, 0.21, 0.81], atol=1e-6)


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('ternary', 4, 4), "label_space='ternary' is unknown"),
        (('binary', 2, 2), r'needs decode_head.out_channels=1, but it is 2'),
        (('binary', 3, 1), 'num_classes=2'),
        (('multiclass', 256, 256), '1 to 255 classes'),
        ((dict(type='multilabel', threshold=1.0), 3, 3), 'threshold=1.0'),
        (('multilabel', 1, 1), 'two classes or more'),
    ],
)
def test_wrong_label_spaces_are_named(args, message):
    with pytest.raises(ValueError, match=message):
        build_label_space(*args)
