# SPDX-License-Identifier: Apache-2.0
"""Bars of the values of each class as SVG."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

from .svg import STYLE, WIDTH, svg


def class_bars(
    shown: Sequence[tuple[str, Mapping[str, float | None]]],
    xlabel: str,
    colours: Sequence[ColorType],
) -> str:
    """Draws a group of bars for each class as SVG.

    Args:
        shown (Sequence): Name and values in percent by class, None where there is none; at least
            one, all of the same classes.
        xlabel (str): What the values are.
        colours (Sequence[ColorType]): As many.
    """
    classes = list(shown[0][1])
    with matplotlib.rc_context(STYLE):
        height = 0.9 + len(classes) * (0.2 + 0.13 * len(shown))
        figure = Figure(figsize=(WIDTH, height), layout='constrained')
        axes = figure.add_subplot()
        width = 0.8 / len(shown)
        for i, (name, values) in enumerate(shown):
            places = np.arange(len(classes)) + (i - (len(shown) - 1) / 2) * width
            lengths = [values.get(cls) or 0.0 for cls in classes]
            bars = axes.barh(places, lengths, width * 0.92, color=colours[i], label=name)
            if len(shown) == 1:
                texts = ['' if v is None else f'{v:.1f}' for v in values.values()]
                axes.bar_label(bars, texts, padding=3, fontsize=10)
        axes.set_yticks(range(len(classes)), classes)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel(xlabel)
        axes.grid(axis='y', visible=False)
        if len(shown) > 1:
            figure.legend(loc='outside upper center', ncols=4, frameon=False, fontsize=10)
        return svg(figure)
