# SPDX-License-Identifier: Apache-2.0
"""Table and plot of a study whose rows add labels: which rule chooses the images that help most."""

import os
import statistics
from collections import Counter
from collections.abc import Sequence

import matplotlib
from im_study.results import metrics
from im_study.tables import DIFFERENCE, NO_RUN, finished, how_many, markdown, paired, spread
from matplotlib.figure import Figure
from mmengine import Config

from mmseg_im.report.svg import STYLE, svg

RANDOM = 'random'
COLOURS = {'inconsistency': '#d55e00', 'confidence': '#0072b2', RANDOM: '0.45'}
Values = dict[str, dict[int, list[float]]]  # by rule and seed: of all draws


def adds_labels(study: Config) -> bool:
    """Returns whether rows of a study add labels."""
    return any('adds' in row for row in study.rows)


def values_by_rule(
    study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]
) -> dict[str | None, Values]:
    """Test metrics by group, then by rule (a row without: by its name), then by seed.

    Draws of one rule are joined; what is not finished, or NaN, is left out.
    """
    rules = {
        (row.get('group'), row['name']): row['adds']['rule'] if 'adds' in row else row['name']
        for row in study.rows
    }
    found: dict[str | None, Values] = {}
    for place, runs in finished(study, work_dir, seeds).items():
        by_seed = found.setdefault(place[0], {}).setdefault(rules[place], {})
        for seed, value in metrics(runs, study.metric).items():
            if value is not None:
                by_seed.setdefault(seed, []).append(value)
    return found


def rule_table(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> str:
    """A Markdown table, rules by groups: mean ± standard deviation over the seeds.

    Of several draws with one seed the mean counts. Where runs are missing, it says how many of all
    (seeds times draws) are there. Groups without a run are left out. Under a rule follows its
    difference to random choice, paired by seed, in points.
    """
    found = values_by_rule(study, work_dir, seeds)
    means = {
        group: {rule: _means(by_seed) for rule, by_seed in rules.items()}
        for group, rules in found.items()
    }
    chosen = dict.fromkeys(row['adds']['rule'] for row in study.rows if 'adds' in row)
    draws = Counter(
        (row.get('group'), row['adds']['rule'] if 'adds' in row else row['name'])
        for row in study.rows
    )
    lines = []
    for rule in dict.fromkeys(rule for rules in means.values() for rule in rules):
        cells = []
        for group, m in means.items():
            runs = [value for values in found[group].get(rule, {}).values() for value in values]
            wanted = draws[group, rule] * len(seeds)
            cells.append(spread(list(m.get(rule, {}).values())) + how_many(runs, wanted))
        lines.append([rule, *cells])
        if rule in chosen and rule != RANDOM:
            gains = [paired(m.get(RANDOM, {}), m.get(rule, {})) for m in means.values()]
            lines.append([DIFFERENCE, *(spread(gain, '+.2f') for gain in gains)])
    return markdown(['', *(group or study.metric for group in means)], lines) if lines else NO_RUN


def rule_plot(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> str | None:
    """:func:`rule_figure` as SVG."""
    with matplotlib.rc_context(STYLE):
        figure = rule_figure(study, work_dir, seeds)
        return None if figure is None else svg(figure)


def rule_figure(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> Figure | None:
    """The test metric of each rule, one panel for each group that has one.

    A dot is a run, a bar the mean over the seeds, a gray line the mean before labels were added.

    Returns:
        Figure or None: None if no run with added labels is finished.
    """
    measured = values_by_rule(study, work_dir, seeds)
    rules = list(dict.fromkeys(row['adds']['rule'] for row in study.rows if 'adds' in row))
    found = {group: by for group, by in measured.items() if any(by.get(rule) for rule in rules)}
    if not found:
        return None
    figure = Figure(figsize=(8, 0.6 + 0.5 * len(rules) + 0.4), layout='constrained')
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axis, (group, by_rule) in zip(panels, found.items(), strict=True):
        for y, rule in enumerate(rules):
            by_seed, colour = by_rule.get(rule, {}), COLOURS.get(rule, 'black')
            dots = [value for values in by_seed.values() for value in values]
            axis.plot(dots, [y] * len(dots), 'o', color=colour, ms=6, alpha=0.45, mew=0)
            if dots:
                mean = statistics.mean(_means(by_seed).values())
                axis.plot([mean, mean], [y - 0.3, y + 0.3], color=colour, lw=2.5)
        for name, by_seed in by_rule.items():
            if name not in rules and by_seed:
                mean = statistics.mean(_means(by_seed).values())
                axis.axvline(mean, color='0.6', lw=1, zorder=1)
                axis.annotate(f' {name}', (mean, 1), (0, 2), ('data', 'axes fraction'),
                              'offset points', color='0.45', fontsize=9, ha='center')  # fmt: skip
        axis.set_title(group or '', loc='left', fontsize=11, fontweight='bold', pad=18)
        axis.set_xlabel(f'test {study.metric}')
        axis.grid(axis='y', visible=False)
        axis.tick_params(length=0)
    panels[0].set_yticks(range(len(rules)), rules)
    panels[0].set_ylim(len(rules) - 0.5, -0.5)
    return figure


def _means(by_seed: dict[int, list[float]]) -> dict[int, float]:
    return {seed: statistics.mean(values) for seed, values in by_seed.items() if values}
