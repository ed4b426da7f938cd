# SPDX-License-Identifier: Apache-2.0
"""Where networks are not sure: the least certain images on a page, all of them in a table."""

import csv
import heapq
import html
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from ..errors.wording import counted
from ..files.atomic import write_aside
from ..report.html_page import html_page, legend
from ..report.pictures import to_rgb
from ..report.strips import CSS, strip
from .disputed_part import most_masked, same_part
from .image_prediction import Prediction

WIDTH = 360  # pixels of a tile: as wide as a third of the page, and as a phone
SHOWN = 200  # images on the page, which then has about 20 MB
REDUCED = 2  # so many times larger images get a part at full size, too
MOST = 4  # classes that are named with their share


class UnsureReport:
    """Collects what voters say about images that arrive one after another.

    The pictures of the least certain images are kept, so that memory does not grow with the number
    of images but for a line each.

    Args:
        classes (Sequence[str]): Class names.
        palette (Sequence): Their RGB colours.
        shown (int): How many images the page shows.
    """

    def __init__(
        self, classes: Sequence[str], palette: Sequence[Sequence[int]], shown: int = SHOWN
    ):
        self.classes = classes
        self.palette = palette
        self.shown = shown
        self._rows: list[tuple[float, float, str, np.ndarray]] = []
        self._entries: list[tuple[float, float, int, str, str]] = []  # a heap

    def add(self, name: str, image: Tensor, found: Prediction) -> None:
        """Adds an image.

        Args:
            name (str): Of the image, without suffix.
            image (Tensor): (C, h, w), as packed.
            found (Prediction): What the voters say.
        """
        doubt = found.masked, -found.confidence
        self._rows.append((*doubt, name, found.shares))
        if len(self._entries) == self.shown and doubt <= self._entries[0][:2]:
            return
        entry = (*doubt, -len(self._rows), name, self._entry(image, found))
        add = heapq.heappush if len(self._entries) < self.shown else heapq.heappushpop
        add(self._entries, entry)

    def _entry(self, image: Tensor, found: Prediction) -> str:
        step = max(image.shape[2] // (2 * WIDTH), 1)  # of a large image a part of the pixels
        few = image[:, ::step, ::step]
        shares = found.shares
        most = [i for i in np.argsort(-shares, kind='stable')[:MOST] if shares[i] > 0]
        named = ', '.join(f'{self.classes[i]} {shares[i]:.1%}' for i in most)
        facts = f'{found.masked:.1%} masked; mean confidence {found.confidence:.1%}; {named}'
        captions = ('photograph', 'prediction', f'where the voters disagree: {found.masked:.1%}')
        picture = to_rgb(few, few.shape[1:])
        tiles = strip(picture, found.label, found.mask, self.palette, captions, WIDTH)
        if max(found.mask.shape) > REDUCED * WIDTH:
            tiles += self._part(image, found)
        return f'<p class="quiet">{html.escape(facts)}</p>{tiles}'

    def _part(self, image: Tensor, found: Prediction) -> str:
        """The most disputed square at full size, which a small picture of the image hides."""
        rows, columns = most_masked(found.mask, WIDTH)
        height, width = found.mask.shape
        few = image[
            :, same_part(rows, height, image.shape[1]), same_part(columns, width, image.shape[2])
        ]
        label, mask = found.label[:, rows, columns], found.mask[rows, columns]
        where = (
            f'the most disputed part, at full size, from row {rows.start}, column {columns.start}'
        )
        captions = (where, 'its prediction', f'where the voters disagree: {mask.mean():.1%}')
        return strip(to_rgb(few, few.shape[1:]), label, mask, self.palette, captions, WIDTH)

    def write(self, folder: Path, summary: str) -> None:
        """Writes ``images.csv`` and ``index.html``, the least certain images first.

        Args:
            folder (Path): Where to.
            summary (str): Who voted, as a sentence.
        """
        write_aside(folder / 'images.csv', self.table().encode())
        write_aside(folder / 'index.html', self.page(summary).encode())

    def table(self) -> str:
        """Returns all images as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator='\n')
        writer.writerow(['name', 'masked', 'confidence', *self.classes])
        for masked, confidence, name, shares in sorted(
            self._rows, key=lambda row: (-row[0], -row[1], row[2])
        ):
            numbers = [f'{value:.6g}' for value in (masked, -confidence, *shares)]
            writer.writerow([name, *numbers])
        return text.getvalue()

    def page(self, summary: str) -> str:
        """Returns the page as HTML."""
        entries = [
            f'<section><h3>{place}. {html.escape(name)}</h3>{body}</section>'
            for place, (*_, name, body) in enumerate(sorted(self._entries, reverse=True), 1)
        ]
        total = len(self._rows)
        of_all = f'{counted(total, "image")}, the least certain first'
        if total > len(entries):
            of_all = f'The {len(entries)} least certain of {total} images; all are in images.csv'
        explained = (
            f'{of_all}. Hatched: the voters disagree, and the colour between the stripes is '
            'the label of their mean probability. What they agree on can be wrong, too. '
            'Masks of 0 and 255 are in the folder masks, and all numbers in images.csv.'
        )
        return html_page(
            'Where the networks are not sure',
            f'<h1>Where the networks are not sure</h1><p>{html.escape(summary)}</p>'
            f'<p class="quiet">{explained}</p>{legend(self.classes, self.palette)}'
            f'{"".join(entries)}',
            CSS,
        )
