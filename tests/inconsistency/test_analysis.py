# SPDX-License-Identifier: Apache-2.0
"""The comparison of the mask with thresholds, against NumPy in float64."""

import numpy as np
import pytest
import torch

from mmseg_im.inconsistency.analysis import Analysis, Outcome, Rule, RuleCounts, ScoreCounts
from mmseg_im.labels.spaces import Binary, MultiClass, MultiLabel

pytestmark = pytest.mark.fast

SPACES = dict(multiclass=MultiClass(4), binary=Binary(), multilabel=MultiLabel(3))


def case(space, networks=3, seed=0, size=(9, 14)):
    """Truth (M, H, W) with unknown pixels, and logits (K, C, H, W) that know something of it."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, space.num_labels, (space.num_maps, *size))
    logits = rng.normal(size=(networks, space.out_channels, *size))
    if space.num_labels == 2:
        logits += 1.2 * (2 * truth - 1)
    else:
        logits += 1.5 * (np.arange(space.out_channels)[:, None, None] == truth)
    truth = np.where(rng.random(truth.shape) < 0.1, 255, truth)
    return truth, logits


def probabilities(space, logits: np.ndarray) -> np.ndarray:
    if space.out_channels == 4:
        e = np.exp(logits - logits.max(axis=0))
        return e / e.sum(axis=0)
    return 1 / (1 + np.exp(-logits))


def hard(space, probs: np.ndarray) -> np.ndarray:
    return probs.argmax(0)[None] if space.out_channels == 4 else (probs > 0.5).astype(int)


@pytest.mark.parametrize('name', SPACES)
def test_rules_and_thresholds_against_numpy(name):
    space = SPACES[name]
    analysis = Analysis(space, 3, [(0, 0)])
    images = [case(space, seed=seed) for seed in range(3)]
    for truth, logits in images:
        analysis.start(torch.from_numpy(truth)[None])
        for one in logits:
            analysis.add(torch.from_numpy(one)[None].float())
    for k in (2, 3):
        kept, right, scores, mean_right, entropies = [], [], [], [], []
        for truth, logits in images:
            probs = np.stack([probabilities(space, one) for one in logits[:k]])
            labels = np.stack([hard(space, p) for p in probs])
            differs = (labels != labels[0]).any(axis=0)
            mean = probs.mean(axis=0)
            own = hard(space, mean)
            known = truth != 255
            masked = np.broadcast_to(differs.any(axis=0), truth.shape)
            kept.append(~masked[known])
            right.append((np.where(differs, own, labels[0]) == truth)[known])
            mean_right.append((own == truth)[known])
            if name == 'multiclass':
                scores.append(mean.max(axis=0)[known[0]])
                entropy = -(mean * np.log(mean)).sum(axis=0)[known[0]] / np.log(4)
            else:
                scores.append(np.where(own == 1, mean, 1 - mean)[known])
                h = -(mean * np.log(mean) + (1 - mean) * np.log(1 - mean)) / np.log(2)
                entropy = h[known]
            entropies.append(1 - entropy)
        kept, right, scores, mean_right, entropies = (
            np.concatenate(x) for x in (kept, right, scores, mean_right, entropies)
        )
        outcome = analysis.rules[Rule(k)].outcome()
        assert outcome.coverage == pytest.approx(kept.mean())
        assert outcome.accuracy == pytest.approx(right[kept].mean())
        assert outcome.rejected_accuracy == pytest.approx(right[~kept].mean())
        youden = kept[right].mean() - kept[~right].mean()
        assert outcome.youden == pytest.approx(youden)
        for counts, score in ((analysis.confidence[k], scores), (analysis.entropy[k], entropies)):
            for coverage in (0.3, 0.6, 0.9):
                surest = np.argsort(-score)[: round(coverage * len(score))]
                assert counts.accuracy_at(coverage) == pytest.approx(
                    mean_right[surest].mean(), abs=0.03
                )
            assert counts.accuracy_at(1.0) == pytest.approx(mean_right.mean())


def test_sure_networks_keep_their_order():
    """Most probabilities lie above 0.999; the surest half is still the surest half."""
    rng = np.random.default_rng(0)
    margin = rng.normal(9, 3, 200_000)
    score = 1 / (1 + np.exp(-margin))
    right = rng.random(len(margin)) < 1 / (1 + np.exp(-(margin - 4) / 2))
    counts = ScoreCounts()
    counts.add(torch.from_numpy(score).float(), torch.from_numpy(right))
    for coverage in (0.1, 0.3, 0.5, 0.7, 0.9):
        surest = np.argsort(-margin)[: round(coverage * len(margin))]
        assert counts.accuracy_at(coverage) == pytest.approx(right[surest].mean(), abs=0.003)


def test_by_class():
    counts = RuleCounts(3)
    rng = np.random.default_rng(0)
    kept, right = rng.random((2, 500)) < 0.5
    cls = rng.integers(0, 3, 500)
    for half in (slice(0, 200), slice(200, 500)):
        counts.add(*(torch.from_numpy(x[half]) for x in (kept, right, cls)))
    for c in range(3):
        outcome = counts.outcome(c)
        assert outcome.coverage == pytest.approx(kept[cls == c].mean())
        assert outcome.accuracy == pytest.approx(right[(cls == c) & kept].mean())


def test_a_rare_class_counts_as_much_as_the_others():
    """A mask that takes 73 % of a rare class and keeps its mistakes must not look best."""
    careless, careful = RuleCounts(3), RuleCounts(3)  # nothing is of the third class
    for counts, rare, right in ((careless, 1 / 4, 0.0), (careful, 3 / 4, 1.0)):
        cls = torch.tensor([0] * 960 + [1] * 40)
        kept, is_right = torch.ones(2, 1000, dtype=torch.bool)
        kept[:10], is_right[:10] = False, False  # both find what is wrong of the first class
        kept[10:20] = counts is careless  # at the price of right pixels
        kept[960 + round(40 * rare) :] = False
        is_right[960:] = kept[960:] == bool(right)
        counts.add(kept, is_right, cls)
        found = [
            kept[(cls == c) & is_right].float().mean() - kept[(cls == c) & ~is_right].float().mean()
            for c in (0, 1)
        ]
        assert counts.youden() == pytest.approx(float(sum(found) / 2))
    assert careless.outcome(1).youden == -1.0 and careful.outcome(1).youden == 1.0
    assert careful.youden() > careless.youden()
    assert RuleCounts(2).youden() == 0.0


def test_dilation_covers_less_and_erosion_more():
    space = SPACES['multiclass']
    analysis = Analysis(space, 2, [(0, 0), (0, 3), (3, 0)])
    truth, logits = case(space, networks=2, size=(30, 30))
    analysis.start(torch.from_numpy(truth)[None])
    for one in logits:
        analysis.add(torch.from_numpy(one)[None].float())
    plain, dilated, eroded = (
        analysis.rules[Rule(2, *kernels)].outcome().coverage for kernels in ((0, 0), (0, 3), (3, 0))
    )
    assert dilated < plain < eroded


@pytest.mark.parametrize(
    ('outcome', 'youden'),
    [
        (Outcome(1.0, 0.8, float('nan')), 0.0),  # keeps everything
        (Outcome(0.0, float('nan'), 0.8), 0.0),  # keeps nothing
        (Outcome(0.8, 1.0, 0.0), 1.0),  # keeps just the right pixels
        (Outcome(0.5, 1.0, 1.0), 0.0),  # nothing is wrong
    ],
)
def test_youden_of_degenerate_rules(outcome, youden):
    assert outcome.youden == pytest.approx(youden)


def test_nothing_known():
    analysis = Analysis(SPACES['multiclass'], 2)
    analysis.start(torch.full((1, 1, 4, 4), 255))
    for _ in range(2):
        analysis.add(torch.randn(1, 4, 4, 4))
    outcome = analysis.rules[Rule(2)].outcome()
    assert outcome.coverage == 0 and np.isnan(outcome.accuracy)


def test_score_of_one_pixel():
    counts = ScoreCounts()
    counts.add(torch.tensor([1.0]), torch.tensor([True]))
    assert counts.accuracy_at(0.5) == 1.0
