# SPDX-License-Identifier: Apache-2.0
"""Plots of a generational run as SVG."""

from collections.abc import Sequence

import matplotlib
import numpy as np

from ..engine.hooks.best_files import score
from ..report.class_bars import class_bars
from ..report.line_plot import Line, line_plot
from .summary import Summary

STYLES = '-', '--', ':', '-.'  # of the students of a generation


def generation_colours(count: int) -> list[tuple[float, float, float, float]]:
    """Returns one RGBA colour for each generation, from light to dark."""
    return [tuple(c) for c in matplotlib.colormaps['viridis_r'](np.linspace(0.15, 0.9, count))]


def curves(summary: Summary) -> str | None:
    """Draws the validation curves of all students as SVG: a colour for each generation."""
    trained = [g for g in summary.generations if g.curves]
    lines = []
    for generation, colour in zip(trained, generation_colours(len(trained)), strict=True):
        for i, curve in sorted(generation.curves.items()):
            at = sorted(curve)
            values = [score(curve[x].get(summary.metric)) for x in at]
            label = f'generation {generation.number}' if i == min(generation.curves) else None
            lines.append(Line(label, at, values, colour, STYLES[i % len(STYLES)]))
    return line_plot(lines, 'epoch', f'validation {summary.metric}') if lines else None


def losses(summary: Summary) -> str | None:
    """Draws the loss of the best student of each generation as SVG; None if none is known."""
    known = [g for g in summary.generations if g.losses[0]]
    colours = generation_colours(len(known))
    lines = [
        Line(f'generation {g.number}', *g.losses, colour)
        for g, colour in zip(known, colours, strict=True)
    ]
    return line_plot(lines, 'iteration', 'loss') if lines else None


def best_classes(summary: Summary) -> str | None:
    """Draws the IoU of every class for the best student of each generation; None if unknown."""
    source = 'test' if any(g.test for g in summary.generations) else 'validation'
    shown = []
    for g in summary.generations:
        metrics = g.test if source == 'test' else g.best_metrics
        values = {k.removeprefix('IoU/'): v for k, v in metrics.items() if k.startswith('IoU/')}
        if values:
            shown.append((f'generation {g.number}', values))
    if not shown:
        return None
    return class_bars(shown, f'IoU on the {source} images, %', generation_colours(len(shown)))


def label_quality(summary: Summary) -> str | None:
    """Draws masked share and accuracy of the labels of two generations or more; else None."""
    labeled = [g for g in summary.generations if g.labels]
    shown: Sequence[tuple[str, str, str]] = (
        ('masked', 'masked share', '0.45'),
        ('accuracy_outside', 'right outside the mask', 'tab:green'),
        ('accuracy_inside', 'right inside the mask', 'tab:red'),
    )
    lines = []
    for key, title, colour in shown:
        known = [g for g in labeled if key in g.labels]
        if known:
            values = [100 * g.labels[key] for g in known]
            lines.append(Line(title, [g.number for g in known], values, colour))
    if max((len(line.x) for line in lines), default=0) < 2:  # the table says it
        return None
    return line_plot(lines, 'generation that labels', '% of the pixels', (0, 100))
