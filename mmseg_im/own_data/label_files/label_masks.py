# SPDX-License-Identifier: Apache-2.0
"""Masks that are drawn from label files, and what there is to say about them."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import UserError
from ...errors.wording import counted, listed
from ...files.atomic import write_png
from ...labels.spaces import IGNORE_INDEX
from .drawing import Drawing
from .found_labels import ORDER
from .label_classes import BACKGROUND, LabelIds
from .label_entries import LabelFile


@dataclass
class LabelMasks:
    """Writes masks of class ids, or of a folder for each class, and says what became of what.

    Attributes:
        folder (Path): Where to.
        ids (LabelIds): The classes.
        layered (bool): Whether classes may overlap: a folder for each.
        written (int): Number of images with a mask.
        covered (bool): Whether each of their pixels has a shape.
        ignored (list[str]): Images with pixels to ignore.
        overlaps (Counter): Pixels that two classes share.
        overlapping (Counter): Images in which they do.
        thin, outside (list[str]): Shapes with their image, see :class:`~.drawing.Drawing`.
    """

    folder: Path
    ids: LabelIds
    layered: bool
    written: int = 0
    covered: bool = True
    ignored: list[str] = field(default_factory=list)
    overlaps: Counter = field(default_factory=Counter)
    overlapping: Counter = field(default_factory=Counter)
    thin: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def write(self, name: str, drawing: Drawing) -> None:
        """Writes the mask of one image."""
        ignored = bool((drawing.ids == IGNORE_INDEX).any())
        self.ignored += [name] if ignored else []
        if self.layered and ignored:  # masks of overlapping classes have no value for it
            return
        self.written += 1
        self.thin += [f'{name}: {where}' for where in drawing.thin]
        self.outside += [f'{name}: {where}' for where in drawing.outside]
        self.covered &= bool(drawing.ids.all())
        self.overlaps.update(drawing.overlaps)
        self.overlapping.update(drawing.overlaps.keys())
        if not self.layered:
            write_png(self.folder / f'{name}.png', drawing.ids)
            return
        nothing = np.zeros(drawing.ids.shape, bool)
        for value, cls in self.ids.names.items():
            if value:
                layer = drawing.layers.get(value, nothing) * np.uint8(255)
                write_png(self.folder / cls / f'{name}.png', layer)

    def classes(self) -> list[str]:
        """Returns ``--classes`` for a survey of the folder."""
        names = self.ids.names
        if self.layered:
            return [name for value, name in names.items() if value]
        if 0 not in names and not self.covered:
            names = {0: BACKGROUND} | {**names}
        return [f'{name}={value}' for value, name in names.items()]

    def check_number(self, label_space: str | None) -> None:
        """Raises a UserError if there is nothing to tell apart, or too much for ``binary``."""
        names = [name for value, name in self.ids.names.items() if value]
        if not names:
            raise UserError(
                f'No class is drawn, {BACKGROUND} alone: there is nothing to tell apart. Draw one, '
                'or name it: --classes NAME.'
            )
        if not self.layered and len(self.classes()) == 1:
            raise UserError(
                f'{names[0]} is the only class, and covers all that is labeled: there is nothing '
                f'to tell apart. Label images that show {BACKGROUND}, too.'
            )
        if label_space == 'binary' and len(self.classes()) > 2:
            joined = shlex.quote(f'foreground={"+".join(names)}')
            first, *others = map(shlex.quote, names)
            raise UserError(
                f'--label-space binary has one class beside {BACKGROUND}, and the labels are '
                f'{", ".join(names)}. Join them: --classes {joined}; or keep one and ignore the '
                f'pixels of the others: --classes {first} --ignore {" ".join(others)}.'
            )

    def reasons(self, kind: str, files: list[Path], read: Sequence[LabelFile]) -> list[str]:
        """Returns sentences: what was read, and what became of it."""
        entries = [entry for file in read for entry in file.entries]
        empty = [entry.image for entry in entries if not entry.annotated]
        texts = [
            f'labels: {counted(len(files), f"file of {kind}", f"files of {kind}")}, drawn into '
            f'masks of {counted(self.written, "image")}'
        ]
        if empty:
            texts.append(
                f'not labeled: {counted(len(empty), "image")} without a shape '
                f'({listed(empty, 3)}), because {kind} lists images whether they were looked at or '
                f'not (draw {BACKGROUND} in those that show nothing)'
            )
        if self.ignored and self.layered:
            texts.append(
                f'not labeled: {counted(len(self.ignored), "image")} with pixels to ignore '
                f'({listed(self.ignored)}), for which masks of classes that overlap have no value: '
                'give these pixels a class, or none'
            )
        elif self.ignored:
            texts.append(
                f'ignored: pixels of {counted(len(self.ignored), "image")}, because of crowds, '
                '__ignore__ or --ignore'
            )
        if self.overlaps and not self.layered:
            shown = ', '.join(
                f'{self.ids.names[a]} and {self.ids.names[b]} share {counted(count, "pixel")} in '
                f'{counted(self.overlapping[a, b], "image")}'
                for (a, b), count in self.overlaps.most_common(5)
            )
            more = f' and {len(self.overlaps) - 5} more pairs' if len(self.overlaps) > 5 else ''
            texts.append(
                f'overlaps: {shown}{more}; there counts {ORDER[kind]} (--label-space multilabel '
                'keeps both)'
            )
        without: Counter = sum((file.without_pixels for file in read), Counter())
        if without:
            shown = ', '.join(f'{count} {what}' for what, count in without.items())
            texts.append(f'not drawn: {shown}, which have no pixels')
        return [*texts, *lost_shapes(self.thin, self.outside)]


def lost_shapes(thin: Sequence[str], outside: Sequence[str]) -> list[str]:
    """Returns sentences about shapes that were drawn in part or not at all.

    Args:
        thin, outside (Sequence[str]): Their places, see :class:`~.drawing.Drawing`.
    """
    texts = []
    if thin:
        texts.append(
            f'not drawn: {counted(len(thin), "shape")} thinner than a pixel ({listed(thin, 3)})'
        )
    if outside:
        lie = 'shape lies' if len(outside) == 1 else 'shapes lie'
        texts.append(
            f'outside: {len(outside)} {lie} by more than half outside of the image; what is inside '
            f'is drawn ({listed(outside, 3)})'
        )
    return texts
