# SPDX-License-Identifier: Apache-2.0
"""Plots of lines over epochs, iterations or generations as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import ColorType

from .svg import STYLE, WIDTH, svg

MOST_POINTS = 400
WITH_MARKERS = 40  # points of a line that can be told apart
COLUMNS = 3  # of a legend: names may be long


@dataclass
class Line:
    """One line of a plot.

    Attributes:
        label (str, optional): In the legend; None: not there.
        x (Sequence[float]): Whole numbers, growing.
        y (Sequence[float]): As many values; NaN and inf are gaps.
        colour (ColorType, optional): None: the next of matplotlib's.
        style (str): Of matplotlib.
    """

    label: str | None
    x: Sequence[float]
    y: Sequence[float]
    colour: ColorType | None = None
    style: str = '-'


def line_plot(
    lines: Sequence[Line], xlabel: str, ylabel: str, ylim: tuple[float, float] | None = None
) -> str:
    """Draws lines as SVG, with a legend above them.

    Args:
        lines (Sequence[Line]): At least one.
        xlabel (str): Of the axis of whole numbers.
        ylabel (str): Of the values.
        ylim (tuple[float, float], optional): Of the values; None: what they need.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.2), layout='constrained')
        axes = figure.add_subplot()
        for line in lines:
            x, y = thinned(line.x, line.y)
            marker = 'o' if len(x) <= WITH_MARKERS else None
            axes.plot(
                x, y, line.style, label=line.label, color=line.colour, marker=marker, lw=1.8, ms=3.5
            )
        if ylim is not None:
            axes.set_ylim(*ylim)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        whole_ticks(axes)
        if any(line.label for line in lines):
            figure.legend(loc='outside upper center', ncols=COLUMNS, frameon=False, fontsize=10)
        return svg(figure)


def whole_ticks(axes: Axes) -> None:
    """Puts ticks at whole numbers alone, however short the axis is."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def thinned(
    x: Sequence[float], y: Sequence[float], most: int = MOST_POINTS
) -> tuple[list[float], list[float]]:
    """Returns the means of neighbours, so that no more points than ``most`` are left.

    Args:
        x (Sequence[float]): Places; of each mean the last one is returned.
        y (Sequence[float]): Values.
        most (int): Points.
    """
    size = -(-len(x) // most)
    if size <= 1:
        return list(x), list(y)
    starts = range(0, len(x), size)
    means = [sum(y[i : i + size]) / len(y[i : i + size]) for i in starts]
    return [x[min(i + size, len(x)) - 1] for i in starts], means
