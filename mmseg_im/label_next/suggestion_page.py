# SPDX-License-Identifier: Apache-2.0
"""The page of the images to label next: photograph, agreed label, and where the voters disagree."""

import html
from collections.abc import Sequence

import numpy as np

from ..labels.spaces import IGNORE_INDEX
from ..report.html_page import html_page, legend
from ..report.strips import CSS, strip

WIDTH = 480  # pixels of a tile: sharp where three stand side by side, and on a phone
NAMED = 3  # most classes that are named as disputed


def entry(
    title: str, image: np.ndarray, label: np.ndarray, mask: np.ndarray,
    disputed: np.ndarray, score: float, classes: Sequence[str], palette: Sequence[Sequence[int]],
) -> str:  # fmt: skip
    """Returns the part of the page about one image as HTML.

    Args:
        title (str): Its place and name.
        image (np.ndarray): (H, W, 3) uint8 RGB.
        label (np.ndarray): (M, H, W) uint8, the agreed label; under the mask that of the mean.
        mask (np.ndarray): (M, H, W) bool.
        disputed (np.ndarray): (C,) share of the pixels that one voter gives a class and another
            does not, see :class:`~.image_votes.ImageVote`.
        score (float): From :func:`~.choosing.balanced_scores`.
        classes (Sequence[str]): Names of the C classes.
        palette (Sequence): RGB colours of all classes of the label.
    """
    hidden = np.any(mask, axis=0)
    most = [i for i in np.argsort(-disputed, kind='stable')[:NAMED] if disputed[i] > 0]
    named = ', '.join(f'{classes[i]} {disputed[i]:.1%}' for i in most) or 'nothing'
    captions = (
        'photograph', 'agreed label', f'where the voters disagree: {hidden.mean():.1%}',
    )  # fmt: skip
    facts = f'score {score:.2f}; {hidden.mean():.1%} masked; most disputed: {named}'
    return (
        f'<section><h3>{html.escape(title)}</h3><p class="quiet">{html.escape(facts)}</p>'
        f'{strip(image, label, hidden, palette, captions, WIDTH)}</section>'
    )


def suggestion_page(
    summary: str, classes: Sequence[str], palette: Sequence[Sequence[int]], entries: Sequence[str],
    undecided: int,
) -> str:  # fmt: skip
    """Returns the page of all chosen images.

    Args:
        summary (str): How many were chosen, how and of how many; as text.
        classes (Sequence[str]): Class names.
        palette (Sequence): Their RGB colours.
        entries (Sequence[str]): From :func:`entry`.
        undecided (int): Value of the pixels of ``pre_labels`` on which the voters disagree.
    """
    explained = (
        'Hatched: the voters disagree, and whoever labels decides. The score adds up, over the '
        'classes, how much of an image is disputed, as a share of the image in which that class '
        'is disputed most. Of images that look alike only one comes early: from the second on, a '
        'score counts the less the more an image resembles those above it, so that the '
        'scores shown need not fall. The labels to finish '
        f'are in pre_labels; {undecided} is what the voters disagree on, '
    )
    explained += (
        'which training ignores.'
        if undecided == IGNORE_INDEX
        else 'and training would take it as present: decide these pixels first.'
    )
    return html_page(
        'Images to label next',
        f'<h1>Images to label next</h1><p>{html.escape(summary)}</p>'
        f'<p class="quiet">{explained}</p>{legend(classes, palette)}{"".join(entries)}',
        CSS,
    )
