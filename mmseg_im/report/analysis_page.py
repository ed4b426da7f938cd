# SPDX-License-Identifier: Apache-2.0
"""Runs, prints and plots the comparison of mask and thresholds of ``inconsistency.analysis``."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from prettytable import PrettyTable
from rich.progress import track

from ..datasets.checks import build_evaluation, check_evaluation
from ..files.atomic import write_aside
from ..inconsistency.analysis import Analysis, Rule
from .svg import STYLE, svg


@torch.no_grad()
def run(
    cfg: Config,
    members: Sequence[dict],
    dataloader: str,
    kernels: Sequence[tuple[int, int]],
    device: str = 'cpu',
) -> tuple[Analysis, list[str]]:
    """Runs the analysis: predicts labeled images with several networks.

    Args:
        cfg (Config): Of the data.
        members (Sequence[dict]): ``dict(checkpoint, config[, views])`` of each network, best first.
        dataloader (str): Config key of the labeled images.
        kernels (Sequence[tuple[int, int]]): Pairs (erode, dilate) to try.
        device (str): Where to predict.

    Returns:
        tuple[Analysis, list[str]]: The counts, and the names of the classes.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = build_evaluation(cfg[dataloader].dataset, f'{dataloader}.dataset')
    classes = dataset.metainfo['classes']
    ensemble = dict(type='EnsembleSegmentor', members=list(members), classes=classes)
    ensemble = MODELS.build(ensemble).to(device)
    check_evaluation(dataset, f'{dataloader}.dataset')
    loader = Runner.build_dataloader(dict(cfg[dataloader], dataset=dataset), seed=0)
    analysis = Analysis(ensemble.label_space, sum(map(len, ensemble.views)), kernels)
    for batch in track(loader, 'Predicting'):
        for inputs, sample in zip(batch['inputs'], batch['data_samples'], strict=True):
            truth = sample.gt_sem_seg.data[None].to(device)
            analysis.start(truth)
            for logits in ensemble.logits([inputs.to(device)], [sample]):
                # annotations may have been resized with the image or not
                size = dict(size=truth.shape[2:], mode='bilinear', align_corners=False)
                same = logits.shape[2:] == truth.shape[2:]
                analysis.add(logits if same else torch.nn.functional.interpolate(logits, **size))
    return analysis, list(classes)


def text(analysis: Analysis, classes: Sequence[str]) -> str:
    """Returns the tables as text: single networks, all rules, the best rule by class."""
    voters = ', '.join(f'{c.outcome().accuracy:.1%}' for c in analysis.alone)
    table = PrettyTable(
        ['voters', 'erode', 'dilate', 'coverage', 'right outside', 'right inside',
         'confidence', 'entropy', 'J', 'surest half', 'agreed half']
    )  # fmt: skip
    for rule, counts in analysis.rules.items():
        o = counts.outcome()
        table.add_row([
            rule.voters, rule.erode, rule.dilate, f'{o.coverage:.1%}', f'{o.accuracy:.1%}',
            f'{o.rejected_accuracy:.1%}',
            f'{analysis.confidence[rule.voters].accuracy_at(o.coverage):.1%}',
            f'{analysis.entropy[rule.voters].accuracy_at(o.coverage):.1%}',
            f'{counts.youden():.3f}',
            f'{analysis.confidence[rule.voters].accuracy_at(0.5):.1%}',
            f'{analysis.both[rule.voters].accuracy_at(0.5):.1%}',
        ])  # fmt: skip
    best = analysis.best()
    by_class = PrettyTable(['true class', 'coverage', 'right outside', 'right inside'])
    by_class.align['true class'] = 'l'
    for i, name in enumerate(classes):
        o = analysis.rules[best].outcome(i)
        by_class.add_row([name, f'{o.coverage:.1%}', *(
            '' if value != value else f'{value:.1%}' for value in (o.accuracy, o.rejected_accuracy)
        )])  # fmt: skip
    return (
        f'Single voters are right on {voters} of the pixels of {analysis.num_images} images.\n'
        f'{table}\n'
        '"confidence" and "entropy": how often the surest pixels of the mean probability are '
        'right, if as many\nare kept as by the mask. J: share of the right pixels kept minus '
        'share of the wrong ones kept, mean over the\ntrue classes. "surest half": how often the '
        'surest half of all pixels is right; "agreed half": as many,\nthose on which all agree '
        'before the others.\n\n'
        f'{_name(best)}, by class:\n{by_class}'
    )


def recommendation(analysis: Analysis, classes: Sequence[str]) -> str:
    """Returns whether the mask is better than a threshold here, and a config line to paste."""
    best = analysis.best()
    outcome = analysis.rules[best].outcome()
    confident = analysis.confidence[best.voters].accuracy_at(outcome.coverage)
    gain = 100 * (outcome.accuracy - confident)
    if gain > 0.1:
        verdict = f'{gain:.1f} points more often than'
        advice = 'The mask is the better rule here. Take:'
    elif gain < -0.1:
        verdict = f'{-gain:.1f} points LESS often than'
        advice = (
            'A confidence threshold is the better rule here: try more networks, or of other '
            "architectures,\nor pseudo-labels without a mask (generations.voter='mean'). If you "
            'want a mask nevertheless, take:'
        )
    else:
        verdict = 'as often as'
        advice = 'The mask is as good as a threshold, and needs no calibration. Take:'
    outcomes = [(name, analysis.rules[best].outcome(i)) for i, name in enumerate(classes)]
    lost = [
        f'Of what it keeps of {name}, only {o.accuracy:.1%} is right: the networks do not know '
        'this class yet.\nTrain them longer, with class weights (tools/class_weights.py), or '
        'label more of it first.\n'
        for name, o in outcomes if o.accuracy < 0.5
    ]  # fmt: skip
    options = ''.join(
        f', {name}={value}' for name, value in (('erode', best.erode), ('dilate', best.dilate))
        if value
    )  # fmt: skip
    return (
        f'The rule with the largest J keeps {outcome.coverage:.1%} of the pixels; '
        f'{outcome.accuracy:.1%} of them are right, and {outcome.rejected_accuracy:.1%} of the '
        f'others.\nThey are right {verdict} the surest pixels by confidence, at equal coverage.\n'
        f'{"".join(lost)}{advice}\n(with the first {best.voters} voters)\n'
        f"im=dict(type='InconsistencyMask'{options})"
    )


def plot(analysis: Analysis, path: Path) -> Path:
    """Draws accuracy over coverage: a curve for each threshold, points for the masks."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 5), layout='constrained')
        axes = figure.add_subplot()
        most = max(analysis.confidence)
        for title, scores, style in (
            ('confidence threshold', analysis.confidence[most], '-'),
            ('entropy threshold', analysis.entropy[most], '--'),
        ):
            coverage, accuracy = scores.curve()
            label: str | None = f'{title}, {most} voters'
            axes.plot(100 * coverage, 100 * accuracy, style, color='0.35', lw=1.6, label=label)
        colours = matplotlib.colormaps['viridis'](torch.linspace(0.1, 0.75, most - 1).numpy())
        lowest = 100.0
        for k, colour in zip(range(2, most + 1), colours, strict=True):
            label = f'mask of {k} voters (erode/dilate)'
            for rule, counts in analysis.rules.items():
                if rule.voters != k:
                    continue
                outcome = counts.outcome()
                x, y = 100 * outcome.coverage, 100 * outcome.accuracy
                lowest = min(lowest, x)
                axes.plot([x], [y], 'o', color=colour, ms=6, label=label)
                label = None  # once in the legend
                # labels of neighbouring K stand on either side of their points
                axes.annotate(
                    f'{rule.erode}/{rule.dilate}',
                    (x, y),
                    xytext=(5, 5) if k % 2 else (-17, -11),
                    textcoords='offset points',
                    fontsize=8,
                    color=colour,
                )
        axes.set_xlim(max(0, lowest - 12), 101)
        points = np.concatenate([line.get_xydata() for line in axes.lines])
        inside = points[points[:, 0] >= axes.get_xlim()[0], 1]
        axes.set_ylim(inside.min() - 1, min(inside.max() + 1, 100.5))
        axes.set_xlabel('coverage: % of the pixels kept')
        axes.set_ylabel('% of the kept pixels that are right')
        axes.legend(frameon=False, fontsize=10, loc='lower left')
        write_aside(path, svg(figure).encode())
    return path


def _name(rule: Rule) -> str:
    return f'Mask of {rule.voters} voters, erode={rule.erode}, dilate={rule.dilate}'
