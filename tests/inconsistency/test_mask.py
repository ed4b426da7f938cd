# SPDX-License-Identifier: Apache-2.0
"""The mask against NumPy and OpenCV, on random and on degenerate input."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mmseg.registry import MODELS

from mmseg_im.build import build
from mmseg_im.inconsistency.mask import InconsistencyMask, Votes, agree, dilate, erode
from mmseg_im.labels.spaces import IGNORE_INDEX, Binary, MultiClass, MultiLabel

pytestmark = pytest.mark.fast

NUM_LABELS = 4
QUICK = settings(max_examples=60, deadline=None)


def label_stacks(min_k=1, max_k=8, max_maps=3):
    """(K, N, M, H, W) uint8 labels of K teachers, non-square and one-pixel sizes among them."""
    shape = st.tuples(
        st.integers(min_k, max_k),
        st.integers(1, 2),
        st.integers(1, max_maps),
        st.integers(1, 7),
        st.integers(1, 9),
    )
    return shape.flatmap(lambda s: hnp.arrays(np.uint8, s, elements=st.integers(0, NUM_LABELS - 1)))


def vote_by_definition(stack: np.ndarray, min_agreement: float):
    """The label with most votes (ties: the lowest) if it has enough of them, else 255."""
    counts = np.stack([(stack == label).sum(axis=0) for label in range(NUM_LABELS)])
    enough = counts.max(axis=0) / len(stack) >= min_agreement - 1e-9
    return np.where(enough, counts.argmax(axis=0), IGNORE_INDEX), ~enough


@QUICK
@given(label_stacks())
def test_unanimity_is_all_equal(stack):
    label, inconsistent = agree(torch.from_numpy(stack))
    differs = (stack != stack[:1]).any(axis=0)
    np.testing.assert_array_equal(inconsistent.numpy(), differs)
    np.testing.assert_array_equal(label.numpy(), np.where(differs, 255, stack[0]))


@QUICK
@given(label_stacks(), st.sampled_from([0.01, 0.3, 0.5, 0.6, 2 / 3, 0.75, 0.9, 1.0]))
def test_share_of_votes(stack, share):
    label, inconsistent = agree(torch.from_numpy(stack), share, NUM_LABELS)
    expected_label, expected_mask = vote_by_definition(stack, share)
    np.testing.assert_array_equal(label.numpy(), expected_label)
    np.testing.assert_array_equal(inconsistent.numpy(), expected_mask)


@QUICK
@given(label_stacks(), st.sampled_from([0.4, 0.6, 1.0]), st.randoms())
def test_order_of_teachers_changes_nothing(stack, share, random):
    order = list(range(len(stack)))
    random.shuffle(order)
    one = agree(torch.from_numpy(stack), share, NUM_LABELS)
    other = agree(torch.from_numpy(stack[order]), share, NUM_LABELS)
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


@QUICK
@given(label_stacks(), st.floats(0.01, 1), st.floats(0.01, 1))
def test_stricter_agreement_masks_more(stack, a, b):
    loose = agree(torch.from_numpy(stack), min(a, b), NUM_LABELS)[1]
    strict = agree(torch.from_numpy(stack), max(a, b), NUM_LABELS)[1]
    assert not (loose & ~strict).any()


@pytest.mark.parametrize('k', range(1, 9))
@pytest.mark.parametrize('share', [0.5, 1.0])
def test_identical_teachers_give_an_empty_mask(k, share):
    hard = torch.randint(NUM_LABELS, (2, 1, 5, 3), dtype=torch.uint8)
    label, inconsistent = agree([hard] * k, share, NUM_LABELS)
    assert torch.equal(label, hard) and not inconsistent.any()


def test_streaming_holds_no_label_of_past_teachers():
    """The memory of a vote is the same after two teachers and after eight."""

    def held(k, share):
        votes = Votes(share, NUM_LABELS)
        for _ in range(k):
            votes.add(torch.randint(NUM_LABELS, (1, 1, 16, 16), dtype=torch.uint8))
        return sum(t.nbytes for t in vars(votes).values() if isinstance(t, torch.Tensor))

    assert held(2, 1.0) == held(8, 1.0)
    assert held(2, 0.6) == held(8, 0.6)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    'space', [MultiClass(4), Binary(), MultiLabel(3)], ids=lambda s: type(s).__name__
)
def test_logits_of_any_precision(space, dtype):
    logits = [torch.randn(2, space.out_channels, 5, 7).to(dtype) for _ in range(3)]
    label, inconsistent = agree(space.hard(space.probs(x)) for x in logits)
    exact = [x.double().numpy() for x in logits]
    if isinstance(space, MultiClass):
        hard = np.stack([x.argmax(1)[:, None] for x in exact])
    else:
        hard = np.stack([(x > 0).astype(int) for x in exact])
    differs = (hard != hard[0]).any(0)
    np.testing.assert_array_equal(inconsistent.numpy(), differs)
    np.testing.assert_array_equal(label.numpy(), np.where(differs, 255, hard[0]))


@QUICK
@given(label_stacks(min_k=2, max_k=3, max_maps=1), st.integers(2, 5), st.integers(0, 4))
def test_erosion_frees_labeled_pixels_and_nothing_else_changes(stack, kernel, dilation):
    im = InconsistencyMask(erode=kernel, dilate=dilation)
    votes = im.new_votes(NUM_LABELS)
    for hard in torch.from_numpy(stack):
        votes.add(hard)
    agreed, raw = votes.result()
    valid = torch.ones_like(raw)
    label, mask, _ = im(votes, valid, torch.from_numpy(stack[0]))
    assert torch.equal(mask, dilate(erode(raw, kernel), dilation))
    assert (label[mask] == 255).all() and (label[~mask] != 255).all()
    untouched = ~raw & ~mask
    assert torch.equal(label[untouched], agreed[untouched])


def run(im: InconsistencyMask, *hards, valid=None, num_labels=NUM_LABELS):
    votes = im.new_votes(num_labels)
    hards = [torch.tensor(h, dtype=torch.uint8) for h in hards]
    valid = torch.ones_like(hards[0][:, :1], dtype=torch.bool) if valid is None else valid
    for hard in hards:
        votes.add(hard, valid)
    return im(votes, valid, hards[0])


A, B = [[[[0, 1, 2, 3]]]], [[[[0, 1, 1, 1]]]]


def test_agreement_on_background_is_trusted():
    label, mask, weight = run(InconsistencyMask(), A, B)
    assert label.flatten().tolist() == [0, 1, 255, 255]
    assert mask.flatten().tolist() == [False, False, True, True]
    assert weight.tolist() == [1.0]


def test_original_label_treatment_is_class_zero():
    assert run(InconsistencyMask(masked_label='background'), A, B)[0].flatten().tolist() == [
        0, 1, 0, 0,
    ]  # fmt: skip


def test_without_blocking_the_label_of_the_mean_stays():
    label, mask, _ = run(InconsistencyMask(block_label=False), A, B)
    assert label.flatten().tolist() == [0, 1, 2, 3] and mask.sum() == 2


@pytest.mark.parametrize(('limit', 'weight'), [(0.5, 1.0), (0.49, 0.0)])
def test_images_masked_beyond_the_limit_get_no_weight(limit, weight):
    assert run(InconsistencyMask(max_ratio=limit), A, B).weight.tolist() == [weight]


def test_padding_does_not_count_for_the_limit():
    valid = torch.tensor([[[[True, True, True, False]]]])
    result = run(InconsistencyMask(max_ratio=0.4), A, B, valid=valid)
    assert result.weight.tolist() == [1.0]  # one masked pixel of three


def test_images_with_different_classes_get_no_weight():
    im = InconsistencyMask(same_classes=True)
    assert run(im, A, B).weight.tolist() == [0.0]
    assert run(im, A, [[[[3, 2, 1, 0]]]]).weight.tolist() == [1.0]
    valid = torch.tensor([[[[True, True, False, False]]]])
    assert run(im, A, B, valid=valid).weight.tolist() == [1.0]  # they differ on padding alone


@pytest.mark.parametrize(
    ('second', 'weight'), [([1, 1, 1, 0], 1.0), ([1, 0, 0, 0], 0.0), ([0, 0, 1, 0], 0.0)]
)
def test_binary_images_need_more_foreground_than_mask(second, weight):
    first = [[[[1, 1, 0, 0]]]]
    result = run(InconsistencyMask(min_foreground=True), first, [[[second]]], num_labels=2)
    assert result.weight.tolist() == [weight]


def test_foreground_is_counted_before_erosion_and_dilation_and_must_be_there():
    """As the study counts: raw masks; an image on which all see background alone is left out."""
    first = [[[[1, 1, 1, 0, 0, 0]]]]
    second = [[[[1, 1, 0, 0, 0, 0]]]]
    dilated = InconsistencyMask(min_foreground=True, dilate=3)
    assert run(dilated, first, second, num_labels=2).weight.tolist() == [1.0]  # 2 > 1, then 1 < 3
    empty = np.zeros((1, 1, 1, 6), int)
    assert run(dilated, empty, empty, num_labels=2).weight.tolist() == [0.0]


def test_scope_of_multi_label_masks():
    one = np.zeros((1, 2, 1, 3), int)
    other = one.copy()
    other[0, 0, 0, 0] = 1
    image = run(InconsistencyMask(scope='image'), one, other, num_labels=2)
    assert image.inconsistent.shape == (1, 1, 1, 3)
    assert image.label[0, :, 0, 0].tolist() == [255, 255]
    channel = run(InconsistencyMask(scope='channel'), one, other, num_labels=2)
    assert channel.inconsistent.shape == (1, 2, 1, 3)
    assert channel.label[0, :, 0, 0].tolist() == [255, 0]
    im = InconsistencyMask(scope='channel')
    im.colour = torch.zeros(3)
    painted = im.paint_view(torch.ones(1, 3, 1, 3), channel.inconsistent)
    assert (painted == 1).all()  # the other channel still carries a loss there


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(min_agreement=0), r'min_agreement=0 must lie in \(0, 1\]'),
        (dict(min_agreement=1.5), 'min_agreement=1.5'),
        (dict(scope='pixel'), "scope='pixel'"),
        (dict(erode=-1), 'erode=-1'),
        (dict(dilate=2.5), 'dilate=2.5'),
        (dict(masked_label='zero'), "masked_label='zero'"),
        (dict(max_ratio=0), 'max_ratio=0'),
        (dict(fill=70000), 'fill=70000'),
        (dict(fill=(1, -2)), r'fill=\(1, -2\)'),
        (dict(fill=()), r'fill=\(\)'),
        (dict(min_agrement=0.5), r"semi.im.min_agrement.*Did you mean 'min_agreement'"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        build(MODELS, dict(type='InconsistencyMask', **options), 'model.semi.im')


def test_votes_refuse_what_cannot_be_counted():
    with pytest.raises(ValueError, match='No teacher has voted'):
        Votes().result()
    with pytest.raises(ValueError, match='num_labels is needed'):
        Votes(min_agreement=0.5)
    votes = Votes()
    votes.add(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match='must label the same pixels'):
        votes.add(torch.zeros(1, 1, 2, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match='min_foreground=True is for binary'):
        InconsistencyMask(min_foreground=True).check(MultiClass(3))
    InconsistencyMask(min_foreground=True).check(Binary())


@QUICK
@given(
    label_stacks(min_k=2, max_k=3), label_stacks(min_k=2, max_k=3), st.integers(0, 4),
    st.integers(0, 4), st.sampled_from([0.6, 1.0]), st.data(),
)  # fmt: skip
def test_what_teachers_see_in_padding_changes_nothing(one, other, erosion, dilation, share, data):
    """Whatever the kernels are: two padded batches that agree on the image agree there after."""
    size = [min(a, b) for a, b in zip(one.shape, other.shape, strict=True)]
    one, other = (torch.from_numpy(x[tuple(slice(s) for s in size)].copy()) for x in (one, other))
    valid = torch.zeros(size[1], 1, *size[3:], dtype=torch.bool)
    rows, columns = (data.draw(st.integers(1, side)) for side in size[3:])
    valid[..., :rows, :columns] = True
    other = torch.where(valid, one, other)
    im = InconsistencyMask(share, erode=erosion, dilate=dilation)
    results = []
    for stack in (one, other):
        votes = im.new_votes(NUM_LABELS)
        for hard in stack:
            votes.add(hard, valid)
        results.append(im(votes, valid, torch.where(valid, stack[0], 0)))
    where = valid.expand_as(results[0].label)
    assert torch.equal(results[0].label[where], results[1].label[where])
    assert torch.equal(results[0].inconsistent & valid, results[1].inconsistent & valid)
    assert torch.equal(results[0].weight, results[1].weight)


@pytest.mark.parametrize('voters', [2, 3, 5])
def test_no_class_is_sure_where_voters_disagree(voters):
    """No mean probability is above 1 - 1 / (2 K) there, so a threshold above it knows the mask."""
    bound = 1 - 1 / (2 * voters)
    probs = (8 * torch.randn(voters, 1, 3, 40, 50, dtype=torch.double)).softmax(dim=2)
    sure, unsure = torch.tensor([1.0, 0, 0]), torch.tensor([0.4999, 0.5001, 0])
    probs[:, 0, :, 0, 0] = torch.stack([unsure] + [sure] * (voters - 1)).double()
    _, inconsistent = agree([MultiClass(3).hard(one) for one in probs])
    largest = probs.mean(dim=0).amax(dim=1, keepdim=True)
    assert inconsistent[0, 0, 0, 0] and largest[0, 0, 0, 0] > bound - 1e-3
    assert largest[inconsistent].max() <= bound < largest[~inconsistent].max()
