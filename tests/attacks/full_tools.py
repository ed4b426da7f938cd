# SPDX-License-Identifier: Apache-2.0
"""A command of every tool that writes, with small inputs."""

from pathlib import Path

import cv2
import numpy as np


def commands(folder: Path, trained: dict[str, Path], out: Path) -> dict[str, list]:
    """Tool and arguments, by a name for people.

    Args:
        folder (Path): Holds ``online.py``, ``generations.py`` and ``shapes``, the data.
        trained (dict[str, Path]): Work dirs of finished runs, ``online`` and ``generations``.
        out (Path): The folder to write to.
    """
    config = folder / 'online.py'
    best = sorted(trained['online'].glob('best*.pth'))[0]
    images = folder / 'shapes/images/val'
    own = folder / 'own'
    _draw(own / 'images', own / 'masks', '{}.bmp', (0, 255))
    _draw(folder / 'Dataset 1', folder / 'Dataset 1', '{:03d}.bmp', (0, 128, 255))
    student = trained['generations'] / 'generation_1/student_0'
    return {
        'test.py --out --show-dir': [
            'test.py', config, best, '--work-dir', out / 'work', '--out', out / 'masks',
            '--show-dir', out / 'shown',
        ],
        'test.py --show-dir': [
            'test.py', config, best, '--work-dir', folder / 'work', '--show-dir', out / 'shown',
        ],
        'predict.py': [
            'predict.py', config, best, images, '--out', out / 'masks', '--show-dir', out / 'shown',
        ],
        'publish_student.py': ['publish_student.py', best, out / 'student.pth'],
        'browse_dataset.py': ['browse_dataset.py', config, '--output-dir', out / 'seen'],
        'init_project.py': [
            'init_project.py', own / 'images', own / 'masks', '--out', out / 'mine',
        ],
        'make_splits.py': [
            'make_splits.py', own / 'images', out / 'splits', '--counts', 2, 3, '--val', 1,
        ],
        'analyze_inconsistency.py': [
            'analyze_inconsistency.py', config, student / 'best.pth', '--configs',
            student / 'config.py', '--views', 'identity', 'hflip', '--out', out / 'plot.svg',
        ],
        'benchmark.py mask': [
            'benchmark.py', 'mask', '--teachers', 2, '--size', 16, 16, '--batch-size', 1,
            '--repeats', 1, '--out', out / 'mask.json',
        ],
        'dataset_converters/wbc.py': [
            'dataset_converters/wbc.py', folder / 'Dataset 1', '--out', out / 'wbc',
        ],
    }  # fmt: skip


def _draw(images: Path, masks: Path, name: str, values: tuple[int, ...]) -> None:
    """Twenty images, and masks of these values."""
    rng = np.random.default_rng(0)
    for i in range(1, 21):
        for folder in (images, masks):
            folder.mkdir(parents=True, exist_ok=True)
        path = images / name.format(i)
        cv2.imwrite(str(path), rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
        blocks = rng.choice(np.uint8(values), (4, 4)).repeat(16, axis=0).repeat(16, axis=1)
        cv2.imwrite(str(masks / path.with_suffix('.png').name), blocks)
