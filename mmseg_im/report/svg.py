# SPDX-License-Identifier: Apache-2.0
"""Turns plots into SVG text for a page."""

import io
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

WIDTH = 5.8  # inches of a plot of a page: its text is legible on a phone, too
STYLE: dict[Any, Any] = {
    'svg.fonttype': 'none',
    'svg.hashsalt': 'mmseg_im',  # equal runs make equal files
    'font.family': 'sans-serif',
    'font.size': 11,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'grid.color': '0.9',
    'axes.axisbelow': True,
}


def svg(figure: Figure) -> str:
    """Returns a figure as SVG text, equal for equal figures."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata=dict(Date=None))
    return buffer.getvalue()
