# SPDX-License-Identifier: Apache-2.0
"""The plot of a study whose groups are shares of labeled images."""

import os
import statistics
from collections.abc import Sequence
from fractions import Fraction
from math import log2

import matplotlib
from im_study.results import metrics, read_results
from im_study.tables import WITH_IM
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine import Config

from mmseg_im.report.svg import STYLE, svg

LABELED_ONLY = 'labeled only'  # the row that is gray in all panels
GRAY = '0.5'
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#aa4499', '#b8860b', '#3a3a9e', '#882255', '#117733')
WIDTH, HEIGHT = 8.0, 3.0  # inches: of the figure, of a row of panels
LEFT = 0.68  # inches left of the panels
LABELS = 1.05  # inches right of a panel, for the names of its curves
DODGE = 0.09  # in powers of two
LINE = 12.0  # points between two names
IN_TITLE = 3  # most names in the title of a panel

Points = dict[Fraction, tuple[float, float]]  # mean and deviation by share


def share_of(group: str | None) -> Fraction | None:
    """The share of labeled images that a group such as ``'1/16'`` names; None if it is none."""
    try:
        share = Fraction(group or '')
    except (ValueError, ZeroDivisionError):
        return None
    return share if 0 < share <= 1 else None


def read_points(
    study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]
) -> dict[str, Points]:
    """Mean and standard deviation (n - 1, 0 of one seed) of the test metric by name and share.

    Rows that others begin with are left out: they have made fewer updates. What is not finished
    has no point.
    """
    begun = {row.start for row in study.rows if 'start' in row}
    points: dict[str, Points] = {}
    for (group, name), runs in read_results(study, work_dir, seeds).items():
        values = [v for v in metrics(runs, study.metric).values() if v is not None]
        if name in begun:
            continue
        of_name = points.setdefault(name, {})
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else 0.0
            of_name[share_of(group)] = (statistics.mean(values), deviation)
    return points


def share_plot(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> str | None:
    """:func:`share_figure` as SVG."""
    with matplotlib.rc_context(STYLE):
        figure = share_figure(study, work_dir, seeds)
        return None if figure is None else svg(figure)


def share_figure(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> Figure | None:
    """The test metric over the share of labeled images, one panel for each method.

    A panel shows a method with the mask (``name + IM``, solid) and without it (dashed); what has
    no such partner shares one panel. ``labeled only`` is gray in all; what exists with all labels
    alone is a horizontal line in all. Bars are standard deviations over the seeds.

    Returns:
        Figure or None: None if a group is no share, there is one share only, no row ``labeled
        only`` to compare with, or no method has been measured.
    """
    shares: dict[str, set] = {}
    for row in study.rows:
        shares.setdefault(row['name'], set()).add(share_of(row.get('group')))
    found = set().union(*shares.values())
    if None in found or len(found) < 2 or LABELED_ONLY not in shares:
        return None
    points = read_points(study, work_dir, seeds)
    full = {name: p[1][0] for name, p in points.items() if shares[name] == {1} and p}
    curves = {name: p for name, p in points.items() if shares[name] != {1}}
    base = curves.pop(LABELED_ONLY, None)
    panels = [p for p in _panels(list(curves)) if any(curves[name] for name in p[1])]
    if not panels:
        return None
    at = sorted({share for p in [*curves.values(), base or {}] for share in p})
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    height = rows * HEIGHT + 0.2
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    figure.subplots_adjust(
        left=LEFT / WIDTH, right=1 - LABELS / WIDTH, wspace=LABELS / (WIDTH / columns - LABELS),
        bottom=0.55 / height, top=1 - 0.32 / height, hspace=0.22,
    )  # fmt: skip
    values = [(m, d) for p in points.values() for m, d in p.values()]
    low, high = min(m - d for m, d in values), max(m + d for m, d in values)
    margin = 0.06 * (high - low) or 1.0
    axes[0].set_ylim(low - margin, high + margin)
    axes[0].set_xlim(log2(at[0]) - 0.25, log2(at[-1]) + 0.25)
    axes[0].set_xticks([log2(share) for share in at], [str(share) for share in at])
    colours = iter(COLOURS * len(curves))
    for axis, (title, names) in zip(axes, panels, strict=False):
        pair = len(names) == 2 and names[1] == names[0] + WITH_IM
        colour = next(colours) if pair else 'black'
        axis.set_title(title, color=colour, loc='left', fontsize=12, fontweight='bold')
        labels = []
        for name, value in full.items():
            axis.axhline(value, color=GRAY, lw=0.9, zorder=1)
            labels.append((value, name, GRAY))
        drawn = [(LABELED_ONLY, base, GRAY, False)] if base else []
        for name in names:
            shade = colour if pair else next(colours)
            if curves[name]:
                drawn.append((name, curves[name], shade, name == names[0]))
        for i, (name, p, shade, first) in enumerate(drawn):
            place = (i - (len(drawn) - 1) / 2) * DODGE
            _curve(axis, p, shade, place, hollow=pair and first)
            label = name if not pair or name not in names else 'without IM' if first else 'with IM'
            labels.append((p[max(p)][0], label, shade))
        _name(axis, labels, axis.get_position().height * height * 72)
    for axis in axes[: len(panels)]:
        axis.tick_params(labelleft=axis in axes[::columns], length=0)
        axis.grid(axis='x', visible=False)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[max(len(panels) - columns, 0) : len(panels)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel('share of labeled images')
    for axis in axes[::columns]:
        axis.set_ylabel(f'test {study.metric}')
    return figure


def _panels(names: list[str]) -> list[tuple[str, list[str]]]:
    """Titles and curves: each method with and without the mask, then all others together."""
    pairs = [name for name in names if name + WITH_IM in names]
    panels = [(name, [name, name + WITH_IM]) for name in pairs]
    paired = {name for _, both in panels for name in both}
    others = [name for name in names if name not in paired]
    if others:
        panels.append((', '.join(others) if len(others) <= IN_TITLE else 'others', others))
    return panels


def _curve(axis: Axes, points: Points, colour: str, place: float, hollow: bool) -> None:
    at = sorted(points)
    means, deviations = zip(*(points[share] for share in at), strict=True)
    axis.errorbar(
        [log2(share) + place for share in at], means, deviations, color=colour,
        ls='--' if hollow else '-', lw=1.3 if colour == GRAY else 1.8, elinewidth=1.1, capsize=2.5,
        marker='o', ms=4 if colour == GRAY else 5.5, mfc='white' if hollow else colour, mew=1.4,
        zorder=2 if colour == GRAY else 3,
    )  # fmt: skip


def _name(axis: Axes, labels: list[tuple[float, str, str]], height: float) -> None:
    """Writes (value, name, colour) right of an axis of a height in points, beside the values."""
    low, high = axis.get_ylim()
    labels = sorted(labels, key=lambda label: label[0])
    points = apart([(value - low) / (high - low) * height for value, _, _ in labels], LINE)
    for y, (_, name, colour) in zip(points, labels, strict=True):
        axis.annotate(
            name, (1, 0), (4, y), 'axes fraction', 'offset points', color=colour,
            fontsize=9.5, va='center',
        )  # fmt: skip


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Moves sorted places at least ``gap`` apart, groups that touch around their middle."""
    blocks: list[list[float]] = []  # wanted places of names that touch
    for place in places:
        blocks.append([place])
        while len(blocks) > 1 and _low(blocks[-1], gap) < _high(blocks[-2], gap) + gap:
            last = blocks.pop()
            blocks[-1] += last
    return [_low(block, gap) + i * gap for block in blocks for i in range(len(block))]


def _low(block: list[float], gap: float) -> float:
    return statistics.mean(block) - gap * (len(block) - 1) / 2


def _high(block: list[float], gap: float) -> float:
    return statistics.mean(block) + gap * (len(block) - 1) / 2
