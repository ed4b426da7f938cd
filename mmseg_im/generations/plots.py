# SPDX-License-Identifier: Apache-2.0
"""Plots of a generational run as SVG."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..engine.hooks.best_files import score
from ..report.svg import STYLE, svg
from .summary import Summary


def generation_colours(count: int) -> np.ndarray:
    """Returns one RGBA colour for each generation, from light to dark, (count, 4)."""
    return matplotlib.colormaps['viridis_r'](np.linspace(0.15, 0.9, count))


def curves(summary: Summary) -> str:
    """Draws the validation curves of all students as SVG, one colour for each generation."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7, 3.6), layout='constrained')
        axes = figure.add_subplot()
        trained = [g for g in summary.generations if g.curves]
        colours = generation_colours(len(trained))
        for generation, colour in zip(trained, colours, strict=True):
            for i, curve in sorted(generation.curves.items()):
                at = sorted(curve)
                values = [score(curve[x][summary.metric]) for x in at]
                label = f'generation {generation.number}' if i == min(generation.curves) else None
                axes.plot(at, values, color=colour, label=label, lw=1.8, marker='o', ms=3.5)
        axes.set_xlabel('epoch')
        axes.set_ylabel(f'validation {summary.metric}')
        axes.locator_params(axis='x', integer=True)
        axes.legend(frameon=False, fontsize=10)
        return svg(figure)


def class_bars(summary: Summary) -> str | None:
    """Draws the IoU of every class for the best student of each generation; None if unknown."""
    source = 'test' if any(g.test for g in summary.generations) else 'validation'
    shown = []
    for g in summary.generations:
        metrics = g.test if source == 'test' else g.best_metrics
        values = {k.removeprefix('IoU/'): v for k, v in metrics.items() if k.startswith('IoU/')}
        if values:
            shown.append((g.number, values))
    if not shown:
        return None
    classes = list(shown[0][1])
    with matplotlib.rc_context(STYLE):
        height = 0.9 + len(classes) * (0.2 + 0.13 * len(shown))
        figure = Figure(figsize=(7, height), layout='constrained')
        axes = figure.add_subplot()
        width = 0.8 / len(shown)
        for i, (number, values) in enumerate(shown):
            colour = generation_colours(len(shown))[i]
            places = np.arange(len(classes)) + (i - (len(shown) - 1) / 2) * width
            heights = [values[name] or 0.0 for name in classes]
            axes.barh(places, heights, width * 0.92, color=colour, label=f'generation {number}')
        axes.set_yticks(range(len(classes)), classes)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel(f'IoU on the {source} images, %')
        axes.grid(axis='y', visible=False)
        figure.legend(loc='outside upper center', ncols=4, frameon=False, fontsize=10)
        return svg(figure)


def label_quality(summary: Summary) -> str | None:
    """Draws masked share and accuracy of the pseudo-labels over generations; None without any."""
    labeled = [g for g in summary.generations if g.labels]
    if not labeled:
        return None
    lines: Sequence[tuple[str, str, str]] = (
        ('masked', 'masked share', '0.45'),
        ('accuracy_outside', 'right outside the mask', 'tab:green'),
        ('accuracy_inside', 'right inside the mask', 'tab:red'),
    )
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7, 3.2), layout='constrained')
        axes = figure.add_subplot()
        for key, title, colour in lines:
            points = [(g.number, 100 * g.labels[key]) for g in labeled if key in g.labels]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, label=title, marker='o', lw=1.8)
        axes.set_ylim(0, 100)
        axes.set_xticks([g.number for g in labeled])
        axes.set_xlabel('generation that labels')
        axes.set_ylabel('% of the pixels')
        figure.legend(loc='outside upper center', ncols=3, frameon=False, fontsize=10)
        return svg(figure)
