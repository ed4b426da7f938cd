# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML page about a generational run."""

import html
from pathlib import Path

import cv2
import numpy as np

from ..datasets.damaged_labels import label_damage
from ..datasets.image_files import decode
from ..datasets.pseudo_label_files import label_files
from ..engine.run_report.page_parts import (
    CSS,
    REPORT,
    cells,
    confusion_part,
    warning_lines,
    worst_part,
)
from ..errors import UserError
from ..files.atomic import write_aside
from ..files.image_size import check_size
from ..labels.spaces import IGNORE_INDEX
from ..report.html_page import html_page, legend, tile
from ..report.pictures import colourise, hatch
from . import plots
from .examples import FOLDER, LIST, TRUTH, picture_file, read_examples
from .summary import Summary, number, read_summary, rows, warnings

TILE = 260  # pixels: sharp on a phone, where a tile is half as wide

RESULTS_CSS = """
.results { width: fit-content; min-width: min(100%, 60ch); max-width: 100%; }
.results p { width: 0; min-width: 100%; } /* as wide as the table, which alone has a width */
"""


def write_report(work_dir: Path) -> Path:
    """Writes ``report.html`` into the folder of a run, finished or not.

    Args:
        work_dir (Path): Of a generational run.

    Returns:
        Path: The page.

    Raises:
        MissingFileError: If the folder holds no generational run.
    """
    work_dir = Path(work_dir)
    summary = read_summary(work_dir)
    tables = f'{_table(summary)}{_students(work_dir, summary)}'
    results = f'<div class="results">{_head(summary)}{tables}</div>'
    parts = [results, _plots(summary), _best(summary), _examples(work_dir, summary)]
    page = html_page(f'{summary.name}: generations', ''.join(parts), CSS + RESULTS_CSS)
    write_aside(work_dir / REPORT, page.encode())
    return work_dir / REPORT


def _head(summary: Summary) -> str:
    best = summary.best
    if best is None:
        found = 'No student is finished yet.'
    else:
        found = (
            f'The best student by validation is student {best.best} of generation {best.number}: '
            f'{summary.metric} {summary.best_value(best):.2f}'
        )
        if summary.metric in best.test:
            found += f' on validation, <b>{number(best.test[summary.metric])} on test</b>'
        found += '.'
    options = ', '.join(
        f'{key}={value}' for key, value in summary.options.items() if 'pipeline' not in key
    )
    return (
        f'<h1>{html.escape(summary.name)}</h1><p>{found}</p>'
        f'<p class="quiet">generations: {html.escape(options)}</p>'
    )


def _table(summary: Summary) -> str:
    header, lines = rows(summary)
    best = summary.best
    body = ''
    for generation, line in zip(summary.generations, lines, strict=True):
        mark = ' class="best"' if generation is best else ''
        body += f'<tr{mark}>' + ''.join(f'<td>{html.escape(c)}</td>' for c in line) + '</tr>'
    titles = ''.join(f'<th>{html.escape(title)}</th>' for title in header)
    known = any('accuracy_outside' in g.labels for g in summary.generations)
    note = (
        'Students are ranked by validation. The right-hand columns are about the pseudo-labels '
        'that the best of a generation wrote for the next one. Masked: share of the pixels on '
        'which the teachers disagree. Agreement: the pixels of a class on which all agree, as a '
        'share of what one teacher gives it, averaged over classes and images, so that a small '
        'class counts as much as a large one.'
        + (' Right: compared with hidden annotations that no training sees.' if known else '')
    )
    return (
        f'<h2>Generations</h2><div class="scroll"><table><tr>{titles}</tr>{body}</table></div>'
        f'<p class="quiet">{note}</p>{warning_lines(warnings(summary))}'
    )


def _students(work_dir: Path, summary: Summary) -> str:
    """Links to the pages of the students that have one."""
    names = [f'generation_{g.number}/student_{i}' for g in summary.generations for i in g.curves]
    links = [
        f'<a href="{name}/{REPORT}">{name.replace("_", " ").replace("/", ", ")}</a>'
        for name in names
        if (work_dir / name / REPORT).is_file()
    ]
    return f'<p>Pages of single students: {"; ".join(links)}.</p>' if links else ''


def _plots(summary: Summary) -> str:
    return cells(
        [
            ('Validation', plots.curves(summary)),
            ('Pseudo-labels', plots.label_quality(summary)),
            ('Classes, best student of each generation', plots.best_classes(summary)),
            ('Losses, best student of each generation', plots.losses(summary)),
        ]
    )


def _best(summary: Summary) -> str:
    best = summary.best
    if best is None or best.details is None:
        return ''
    where = f'student {best.best} of generation {best.number}'
    return confusion_part(best.details, where) + worst_part(best.details, where)


def _examples(work_dir: Path, summary: Summary) -> str:
    if not (work_dir / FOLDER / LIST).exists():
        return ''
    content = read_examples(work_dir)
    classes, palette = content['classes'], content['palette']
    strips, ignored = '', False
    for name, example in content['images'].items():
        picture = picture_file(work_dir, name)
        if not picture.is_file():
            strips += f'<h3>{html.escape(name)}: {html.escape(str(picture))} is not there</h3>'
            continue
        check_size(picture, str(picture))
        image = decode(str(picture))[..., ::-1]
        tiles = [tile(image, 'input', TILE)]
        known = _load(work_dir / FOLDER / TRUTH, name, classes)
        if known is not None:
            tiles.append(tile(_picture(known[0], palette), 'true label', TILE))
            ignored |= bool((known[0] == IGNORE_INDEX).any())
        for g in summary.generations:
            loaded = _load(work_dir / FOLDER / f'generation_{g.number}', name, classes)
            if loaded is None:
                continue
            label, mask = loaded
            ignored |= bool((label == IGNORE_INDEX).any())
            hidden = np.any(mask, axis=0)
            labels, share = f'labels of generation {g.number}', f'{hidden.mean():.1%} of the image'
            size = (hidden.shape[1], hidden.shape[0])
            behind = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_LINEAR)
            tiles.append(tile(hatch(_picture(label, palette), hidden), labels, TILE))
            tiles.append(tile(hatch(behind, hidden), f'its mask, {share}', TILE))
        why = html.escape(f'{name} ({example["why"]} in the first generation)')
        strips += f'<h3>{why}</h3><div class="strip">{"".join(tiles)}</div>'
    return (
        '<h2>Pseudo-labels over the generations</h2><p class="quiet">The images most masked in '
        'the first generation, and those in the middle. Hatched: the teachers disagree. The true '
        'label is there where it is known; no training sees it.</p>'
        f'{legend(classes, palette, ignored)}{strips}'
    )


def _picture(label: np.ndarray, palette: list[list[int]]) -> np.ndarray:
    return colourise(label if len(label) > 1 else label[0], palette)


def _load(folder: Path, name: str, classes: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns label and mask (M, H, W) of an example, None if this generation has none."""
    single, several = label_files(folder, name, None), label_files(folder, name, classes)
    is_single = Path(single['labels']).is_file()
    if not is_single and not Path(several['labels'][classes[0]]).is_file():
        return None
    damage = label_damage(single if is_single else several)
    if damage:
        raise UserError(f'{damage} Delete {folder}: the report is then without these labels.')
    if is_single:
        label = decode(single['labels'], cv2.IMREAD_GRAYSCALE)[None]
        return label, decode(single['masks'], cv2.IMREAD_GRAYSCALE)[None] > 0
    label, mask = (
        np.stack([decode(path, cv2.IMREAD_GRAYSCALE) > 0 for path in several[kind].values()])
        for kind in ('labels', 'masks')
    )
    return label.astype(np.uint8), mask
