# SPDX-License-Identifier: Apache-2.0
"""The page of results of several studies."""

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path

from im_study.plot import share_plot
from im_study.rules import adds_labels, rule_plot, rule_table
from im_study.run import folder_of_study, read_study
from im_study.tables import LEGEND, WITH_IM, compact_table, study_table
from mmengine import Config

from mmseg_im.files.atomic import write_aside

COMMAND = 'python projects/im_study/study.py'
IMAGES = 'images'


def write_page(
    studies: Sequence[str | os.PathLike], work_dir: str | os.PathLike, out: str | os.PathLike
) -> None:
    """Writes a Markdown page, and beside it the plots into ``images``.

    What the figures mean is written by hand, into a file beside the study: the page takes over
    ``camvid.md`` of ``camvid.py``. Its links are relative to the page.

    Args:
        studies (Sequence[str or PathLike]): Files of studies.
        work_dir (str or PathLike): Holds the work_dir of each, or its collected results
            (``NAME.jsonl``).
        out (str or PathLike): The page.

    Raises:
        UserError: If a study is wrong or a file cannot be written.
    """
    out = Path(out)
    parts = ['# Results', _head(studies, work_dir, out)]
    for path in map(Path, studies):
        study = read_study(path)
        parts += _section(path, study, folder_of_study(study, path, work_dir), out.parent)
    write_aside(out, ('\n\n'.join(parts) + '\n').encode())


def _head(studies: Sequence[str | os.PathLike], work_dir: str | os.PathLike, out: Path) -> str:
    names = ' '.join(Path(path).as_posix() for path in studies)
    columns = '\n'.join(
        textwrap.fill(f'- {title}: {meaning}.', 120, subsequent_indent='  ')
        for title, meaning in LEGEND.items()
    )
    return f"""\
This page is built from the results of the runs, with the notes that lie beside each study
(`NAME.md` of `NAME.py`); change those, not this page:

```bash
{COMMAND} page {names} --work-dir {Path(work_dir).as_posix()} --out {out.as_posix()}
```

The first table of a study has the mean ± standard deviation (n - 1) over the seeds of the test
metric, at the checkpoint that was best on validation. Where a method was run with and without the
mask, `name{WITH_IM}` is followed by the difference of the two, paired by seed: mean ± standard
deviation of the differences. What has no finished run is left out, and a mean of some of the seeds
says of how many. Columns of the other tables, where they are not empty:

{columns}"""


def _section(path: Path, study: Config, work_dir: Path, folder: Path) -> list[str]:
    """Parts of the page about one study; writes its plot."""
    parts = [
        f'## {study.title}',
        f'```bash\n{COMMAND} run {path.as_posix()}\n```',
    ]
    if study.get('caption'):
        parts.append(study.caption)
    notes = path.with_suffix('.md')
    if notes.is_file():
        parts.append(notes.read_text(encoding='utf-8').strip())
    table, draw = (rule_table, rule_plot) if adds_labels(study) else (compact_table, share_plot)
    parts.append(f'Test {study.metric}:\n\n{table(study, work_dir, study.seeds)}')
    plot = draw(study, work_dir, study.seeds)
    if plot:
        image = f'{IMAGES}/study_{path.stem}.svg'
        write_aside(folder / image, plot.encode())
        parts.append(f'![{study.title}: test {study.metric}]({image})')
    return [*parts, study_table(study, work_dir, study.seeds)]
