# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices for a page: a plot, and the largest confusions in words."""

import html
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from .svg import STYLE, svg

WITH_NUMBERS = 20  # classes of which the cells still have room for a number
NAMED = 5
LEAST = 0.02  # share of a class's pixels that is worth a word


def confusion_plot(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """Draws where the pixels of each annotated class went as SVG, in percent of them.

    Args:
        matrix (np.ndarray): (C, C) pixels: annotated class, predicted class.
        classes (Sequence[str]): C names.
    """
    shares = _shares(matrix)
    count = len(classes)
    side = min(1.6 + 0.5 * count, 12)
    with matplotlib.rc_context({**STYLE, 'axes.grid': False}):
        figure = Figure(figsize=(max(side + 0.8, 4), side), layout='constrained')
        axes = figure.add_subplot()
        axes.imshow(shares, cmap='Blues', vmin=0, vmax=100, interpolation='nearest')
        size = 10 if count <= 8 else max(4, 90 / count)
        axes.set_xticks(range(count), classes, rotation=45, ha='right', fontsize=size)
        axes.set_yticks(range(count), classes, fontsize=size)
        axes.set_xlabel('predicted')
        axes.set_ylabel('annotated')
        for row, column in np.ndindex(shares.shape) if count <= WITH_NUMBERS else ():
            value = shares[row, column]
            if np.isfinite(value):
                text = f'{value:.0f}' if value >= 0.5 or not value else '<1'
                ink = 'white' if value > 60 else '0.15'
                axes.text(column, row, text, ha='center', va='center', color=ink, fontsize=size)
        return svg(figure)


def largest_confusions(matrix: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Returns the most frequent confusions in words, those of the largest share first.

    Args:
        matrix (np.ndarray): (C, C) pixels: annotated class, predicted class.
        classes (Sequence[str]): C names.
    """
    shares = np.nan_to_num(_shares(matrix))
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind='stable')[:NAMED]
    places = [np.unravel_index(i, shares.shape) for i in order]
    return [
        f'{shares[t, p]:.0f}% of {classes[t]} is taken for {classes[p]}'
        for t, p in places
        if shares[t, p] >= 100 * LEAST
    ]


def overlap_table(matrices: np.ndarray, classes: Sequence[str]) -> str:
    """Returns the confusions of classes that overlap as an HTML table.

    Args:
        matrices (np.ndarray): (K, 2, 2) pixels: class, annotated (no, yes), predicted (no, yes).
        classes (Sequence[str]): K names.
    """
    rows = ''
    for name, matrix in zip(classes, matrices, strict=True):
        (left, wrong), (missed, found) = _shares(matrix)
        cells = ''.join(
            f'<td>{"" if np.isnan(value) else f"{value:.1f}%"}</td>'
            for value in (found, missed, wrong, left)
        )
        rows += f'<tr><td>{html.escape(name)}</td>{cells}</tr>'
    titles = ('class', 'there: found', 'there: missed', 'not there: predicted', 'not there: left')
    head = ''.join(f'<th>{title}</th>' for title in titles)
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _shares(matrix: np.ndarray) -> np.ndarray:
    """Returns each row in percent of its sum; NaN where that is 0."""
    total = matrix.sum(axis=1, keepdims=True).astype(np.float64)
    return 100 * matrix / np.where(total > 0, total, np.nan)
