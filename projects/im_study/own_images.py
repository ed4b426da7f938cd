# SPDX-License-Identifier: Apache-2.0
"""Own images, from two folders to a network: what a user gets who changes nothing.

For each number of masks and each seed: draws so many masks, lets ``tools/init_project.py`` write a
project from a folder of images and these masks, trains its config, publishes the network with
``tools/publish_student.py`` and tests it on images that the project has never seen. The same with
the labeled images alone, as many updates (``model.semi=None``). Results are JSON lines; what has
one is not run again. Expects ``images/{train,test}`` and ``annotations/{train,test}`` below DATA.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from im_study.tables import markdown, spread

from mmseg_im.checkpoints import read_checkpoint

ROOT = Path(__file__).resolve().parents[2]
ROWS = {'labeled only': ['model.semi=None'], 'FixMatch + IM': []}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', type=Path, help='such as data/wbc')
    parser.add_argument('--out', type=Path, required=True, help='NAME.jsonl')
    parser.add_argument('--counts', type=int, nargs='+', default=[5, 10, 20])
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/own_images'))
    parser.add_argument('--table', action='store_true', help='only print what there is')
    return parser.parse_args()


def tool(name: str, *args: str | os.PathLike) -> None:
    """Runs a tool; ends with what it printed if it fails."""
    command = [sys.executable, str(ROOT / 'tools' / f'{name}.py'), *map(str, args)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f'{" ".join(command)}\n{done.stdout[-2000:]}')


def make_project(data: Path, count: int, seed: int, folder: Path) -> Path:
    """Returns the config of a project with ``count`` masks, drawn with a seed."""
    shutil.rmtree(folder, ignore_errors=True)
    masks = data / 'annotations' / 'train'
    names = sorted({path.name for path in masks.rglob('*.png')})
    for name in random.Random(seed).sample(names, count):
        for path in masks.rglob(name):
            target = folder / 'masks' / path.relative_to(masks)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path.resolve())
    images, out = data / 'images' / 'train', folder / 'project'
    tool('init_project', images, folder / 'masks', '--out', out, '--name', 'mine')
    return out / 'mine.py'


def run(data: Path, count: int, seed: int, options: list[str], folder: Path) -> dict:
    """Trains, publishes and tests one network; returns its test metrics and which one it is."""
    config = make_project(data, count, seed, folder)
    work, student = folder / 'work', folder / 'student.pth'
    tool('train', config, '--work-dir', work, '--cfg-options', f'randomness.seed={seed}', *options)
    tool('publish_student', work / 'best.pth', student)
    _, meta = read_checkpoint(student)
    test = {
        'data_root': data,
        'ann_file': '',
        'data_prefix.img_path': 'images/test',
        'data_prefix.seg_map_path': 'annotations/test',
    }
    changes = [f'test_dataloader.dataset.{key}={value}' for key, value in test.items()]
    tool('test', config, student, '--work-dir', folder / 'test', '--cfg-options', *changes)
    (file,) = folder.glob('test/*/*.json')  # of mmengine
    found = json.loads(file.read_text())
    metrics = {key: found[key] for key in found if key == 'mIoU' or key.startswith('IoU/')}
    return dict(metrics=metrics, published=meta['weights'])


def print_table(lines: list[dict], counts: list[int]) -> None:
    """Prints mean and standard deviation of the test mIoU over the seeds, as Markdown."""
    cells = [
        [
            row,
            *(
                spread([x['metrics']['mIoU'] for x in lines if x['row'] == row and x['count'] == n])
                for n in counts
            ),
        ]
        for row in ROWS
    ]
    print(markdown(['', *map(str, counts)], cells))


def main() -> None:
    args = parse_args()
    lines = [json.loads(x) for x in args.out.read_text().splitlines()] if args.out.exists() else []
    for seed in args.seeds:
        for count in args.counts:
            for row, options in ROWS.items():
                key = dict(row=row, count=count, seed=seed)
                if args.table or any(key.items() <= line.items() for line in lines):
                    continue
                print(key, flush=True)
                folder = args.work_dir / f'{row.replace(" ", "_")}_{count}_{seed}'
                lines.append({**key, **run(args.data, count, seed, options, folder)})
                args.out.parent.mkdir(parents=True, exist_ok=True)
                args.out.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    print_table(lines, args.counts)


if __name__ == '__main__':
    main()
