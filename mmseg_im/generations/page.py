# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML page about a generational run."""

import base64
import html
from pathlib import Path

import cv2
import numpy as np

from ..datasets.image_files import decode
from ..datasets.pseudo_label_files import label_damage, label_files
from ..errors import UserError
from ..files.image_size import check_size
from ..files.whole import write_aside
from ..report.pictures import colourise, hatch
from . import plots
from .examples import FOLDER, LIST, read_examples
from .summary import Summary, number, read_summary, rows, warnings

REPORT = 'report.html'
TILE = 260  # pixels: sharp on a phone, where a tile is half as wide

CSS = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.5rem; margin: 0 0 4px; } h2 { font-size: 1.15rem; margin: 36px 0 8px; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 18px 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0; max-width: 75ch; }
.warning { border-left: 4px solid #c60; padding-left: 10px; }
.quiet { color: #5a5a5a; font-size: 0.9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; white-space: nowrap; }
th, td { text-align: right; padding: 6px 12px; border-bottom: 1px solid #ddd; }
th { font-weight: 600; border-bottom: 2px solid #999; }
th:first-child, td:first-child { text-align: left; } tr.best td { background: #eef6ea; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr));
  gap: 16px; align-items: start; } .plots svg { width: 100%; height: auto; }
.strip { display: flex; gap: 8px; overflow-x: auto; padding-bottom: 6px; }
figure { margin: 0; flex: 0 0 auto; } figure img { display: block; width: min(204px, 42vw); }
figcaption { font-size: 0.8rem; color: #444; max-width: min(204px, 42vw); }
.legend span { display: inline-block; margin-right: 14px; font-size: 0.85rem; }
.legend i { display: inline-block; width: 12px; height: 12px; margin-right: 5px;
  border: 1px solid #888; vertical-align: -1px; }
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
    parts = [_head(summary), _table(summary), _plots(summary), _examples(work_dir, summary)]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(summary.name)}: generations</title><style>{CSS}</style></head>'
        f'<body><main>{"".join(parts)}</main></body></html>\n'
    )
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
    warned = ''.join(f'<p class="warning">{html.escape(text)}</p>' for text in warnings(summary))
    return (
        f'<h2>Generations</h2><div class="scroll"><table><tr>{titles}</tr>{body}</table></div>'
        f'<p class="quiet">{note}</p>{warned}'
    )


def _plots(summary: Summary) -> str:
    drawn: list[tuple[str, str | None]] = []
    if any(g.curves for g in summary.generations):
        drawn.append(('Validation', plots.curves(summary)))
    drawn += [
        ('Pseudo-labels', plots.label_quality(summary)),
        ('Classes, best student of each generation', plots.class_bars(summary)),
    ]
    cells = [
        f'<div><h2>{title}</h2>{svg[svg.index("<svg") :]}</div>' for title, svg in drawn if svg
    ]
    return f'<div class="plots">{"".join(cells)}</div>'


def _examples(work_dir: Path, summary: Summary) -> str:
    if not (work_dir / FOLDER / LIST).exists():
        return ''
    content = read_examples(work_dir)
    classes, palette = content['classes'], content['palette']
    strips = ''
    for name, example in content['images'].items():
        if not Path(example['image']).is_file():  # the report is read where the data is not
            strips += f'<h3>{html.escape(name)}: {html.escape(example["image"])} is not there</h3>'
            continue
        check_size(example['image'], example['image'])
        image = decode(example['image'])[..., ::-1]
        tiles = [_tile(image, 'input')]
        for g in summary.generations:
            folder = work_dir / FOLDER / f'generation_{g.number}'
            loaded = _load(folder, name, classes)
            if loaded is None:
                continue
            label, mask = loaded
            if mask.shape[1:] != image.shape[:2]:
                raise UserError(
                    f'{example["image"]} has the size {image.shape[:2]} and its labels in {folder} '
                    f'{mask.shape[1:]}. Put back the image that was labeled.'
                )
            picture = colourise(label if len(label) > 1 else label[0], palette)
            hidden = np.any(mask, axis=0)
            tiles.append(_tile(hatch(picture, hidden), f'labels of generation {g.number}'))
            tiles.append(_tile(hatch(image, hidden), f'its mask, {hidden.mean():.1%} of the image'))
        why = html.escape(f'{name} ({example["why"]} in the first generation)')
        strips += f'<h3>{why}</h3><div class="strip">{"".join(tiles)}</div>'
    entries = ''.join(
        f'<span><i style="background:rgb({r},{g},{b})"></i>{html.escape(name)}</span>'
        for name, (r, g, b) in zip(classes, palette, strict=True)
    )
    return (
        '<h2>Pseudo-labels over the generations</h2><p class="quiet">The images most masked in '
        'the first generation, and those in the middle. Hatched: the teachers disagree.</p>'
        f'<p class="legend">{entries}</p>{strips}'
    )


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


def _tile(picture: np.ndarray, caption: str) -> str:
    height = round(TILE * picture.shape[0] / picture.shape[1])
    shrinks = picture.shape[1] > TILE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    small = cv2.resize(np.ascontiguousarray(picture[..., ::-1]), (TILE, height), interpolation=how)
    jpeg = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
    data = base64.b64encode(jpeg).decode()
    return (
        f'<figure><img alt="{html.escape(caption)}" src="data:image/jpeg;base64,{data}">'
        f'<figcaption>{html.escape(caption)}</figcaption></figure>'
    )
