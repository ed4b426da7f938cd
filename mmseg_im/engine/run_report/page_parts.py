# SPDX-License-Identifier: Apache-2.0
"""Parts of a page that are the same for one training and for a run in generations."""

import html
from collections.abc import Sequence
from pathlib import Path

from ...report.confusion_plot import confusion_plot, largest_confusions, overlap_table
from ...report.html_page import figure, legend
from ..hooks.best_details import Details

REPORT = 'report.html'
CSS = """
.warning { border-left: 4px solid #c60; padding-left: 10px; box-sizing: border-box; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; white-space: nowrap; }
th, td { text-align: right; padding: 6px 12px; border-bottom: 1px solid #ddd; }
th { font-weight: 600; white-space: normal; vertical-align: bottom; border-bottom: 2px solid #999; }
th:first-child, td:first-child { text-align: left; } tr.best td { background: #eef6ea; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr));
  gap: 16px; align-items: start; } .plots > div { min-width: 0; }
.plots svg { width: 100%; height: auto; }
.strip { display: flex; gap: 8px; overflow-x: auto; padding-bottom: 6px; }
figure { flex: 0 0 auto; } .strip figure img { width: min(204px, 42vw); }
.strip figcaption { max-width: min(204px, 42vw); }
.matrix svg { max-width: 100%; height: auto; }
.worst { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr));
  gap: 0 24px; } .worst > div { min-width: 0; }
.worst .strip { display: grid; grid-template-columns: repeat(3, 1fr); }
.worst .strip figure img { width: 100%; }
@media (max-width: 600px) { th, td { padding: 4px 6px; font-size: 0.85rem; }
  .strip { flex-wrap: wrap; } }
"""


def cells(drawn: Sequence[tuple[str, str | None]]) -> str:
    """Returns plots beside each other as HTML.

    Args:
        drawn (Sequence): Title and SVG of each; those without are left out.
    """
    found = [
        f'<div><h2>{html.escape(title)}</h2>{svg[svg.index("<svg") :]}</div>'
        for title, svg in drawn
        if svg
    ]
    return f'<div class="plots">{"".join(found)}</div>' if found else ''


def warning_lines(texts: Sequence[str]) -> str:
    """Returns warnings as HTML."""
    return ''.join(f'<p class="warning">{html.escape(text)}</p>' for text in texts)


def confusion_part(details: Details | None, where: str) -> str:
    """Returns where the pixels of each class went as HTML; empty if it is not known.

    Args:
        details (Details, optional): Of a validation.
        where (str): Which, such as ``'epoch 4'``.
    """
    if details is None:
        return ''
    matrix, title = details.matrix, f'<h2>Which classes are confused, {html.escape(where)}</h2>'
    if matrix.ndim == 3:
        note = (
            'The classes may overlap: for each, the share of its annotated pixels that is found or '
            'missed, and of all other pixels the share that is predicted or left.'
        )
        table = overlap_table(matrix, details.classes)
        return f'{title}<p class="quiet">{note}</p>{table}'
    note = 'Each row adds up to the annotated pixels of a class, in percent: where they went.'
    largest = '; '.join(largest_confusions(matrix, details.classes))
    said = f'<p>{html.escape(largest)}.</p>' if largest else ''
    plot = confusion_plot(matrix, details.classes)
    return (
        f'{title}<p class="quiet">{note}</p>{said}'
        f'<div class="matrix">{plot[plot.index("<svg") :]}</div>'
    )


def worst_part(details: Details | None, where: str) -> str:
    """Returns the worst validation images with label and prediction as HTML; empty without any."""
    shown = [one for one in (details.worst if details else []) if one['pictures']]
    if details is None or not shown:
        return ''
    overlap = details.matrix.ndim == 3
    other = 'Black: none of the classes' if overlap else 'White: ignored'
    by = 'the mean IoU of the classes that an image shows or is predicted to show'
    if len(details.classes) == 2 and not overlap:
        by = f'the IoU of {html.escape(details.classes[1])}'
    strips = ''
    for one in shown:
        title = f'{Path(one["path"]).name or "an image"}: {100 * one["score"]:.1f}'
        tiles = ''.join(figure(data, name) for name, data in one['pictures'].items())
        strips += f'<div><h3>{html.escape(title)}</h3><div class="strip">{tiles}</div></div>'
    return (
        f'<h2>Worst validation images, {html.escape(where)}</h2><p class="quiet">By {by}, in '
        f'percent. {other}.</p>{legend(details.classes, details.palette)}'
        f'<div class="worst">{strips}</div>'
    )
