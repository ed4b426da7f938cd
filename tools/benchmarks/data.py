# SPDX-License-Identifier: Apache-2.0
"""How many images a second a config's training pipelines make in one process, and what takes it."""

import argparse
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator

import cv2
import numpy as np
from mmcv import imwrite
from mmcv.transforms import BaseTransform, Compose
from mmengine import Config
from mmengine.registry import init_default_scope
from prettytable import PrettyTable

from benchmarks.machine import summary, write
from mmseg_im.errors import UserError

SKIPPED = ('LoadHiddenAnnotations',)  # reads a second annotation for the log only


class Stopwatch:
    """Seconds that each transform of a pipeline takes, without the transforms inside it.

    Args:
        pipeline (Compose): Its transforms, and those nested in them, are timed from now on.
    """

    def __init__(self, pipeline: Compose):
        self.seconds: dict[str, float] = defaultdict(float)
        self.inside = [0.0]
        for transform in transforms_in(pipeline):
            transform.transform = self._timed(type(transform).__name__, transform.transform)

    def _timed(self, name, transform):
        def timed(results):
            self.inside.append(0.0)
            begun = time.perf_counter()
            out = transform(results)
            spent = time.perf_counter() - begun
            self.seconds[name] += spent - self.inside.pop()
            self.inside[-1] += spent
            return out

        return timed


def transforms_in(value) -> Iterator[BaseTransform]:
    """All transforms in a pipeline, those inside ``MultiView``, ``RandomApply`` and so on too."""
    if isinstance(value, BaseTransform):
        yield value
        value = vars(value)
    elif isinstance(value, Compose):
        value = value.transforms
    items = value.values() if isinstance(value, dict) else value
    if isinstance(items, str | np.ndarray) or not hasattr(items, '__iter__'):
        return
    for item in items:
        yield from transforms_in(item)


def pipelines(cfg: Config) -> dict[str, list[dict]]:
    """The training pipelines of a config: ``labeled`` and ``unlabeled``, or ``all``."""
    dataset = cfg.train_dataloader.dataset
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset.dataset
    found = {'all': dataset} if 'pipeline' in dataset else dataset
    found = {k: v['pipeline'] for k, v in found.items() if isinstance(v, dict) and 'pipeline' in v}
    if not found:
        raise UserError('train_dataloader.dataset has no pipeline, neither has what it holds.')
    return {
        name: [t for t in pipeline if t['type'] not in SKIPPED] for name, pipeline in found.items()
    }


def write_sample(folder: str, size: tuple[int, int], suffix: str) -> dict:
    """Writes a smooth random image with some noise and a label map of blocks.

    Returns:
        dict: What a data set of mmseg hands to its pipeline.
    """
    rng = np.random.default_rng(0)
    height, width = size
    coarse = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(int)
    image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    label = rng.integers(0, 11, (height // 16 + 1, width // 16 + 1), dtype=np.uint8)
    label = cv2.resize(label, (width, height), interpolation=cv2.INTER_NEAREST)
    paths = f'{folder}/image{suffix}', f'{folder}/label.png'
    for path, array in zip(paths, (image, label), strict=True):
        imwrite(array, path)
    return dict(
        img_path=paths[0], seg_map_path=paths[1], reduce_zero_label=False, label_map=None,
        seg_fields=[],
    )  # fmt: skip


def data(args: argparse.Namespace) -> None:
    """Prints the tables, and writes JSON if a file is named."""
    cv2.setNumThreads(0)  # as in a loader's worker
    init_default_scope('mmseg')
    cfg = Config.fromfile(args.config)
    content = {}
    with tempfile.TemporaryDirectory() as folder:
        sample = write_sample(folder, tuple(args.size), args.suffix)
        for name, steps in pipelines(cfg).items():
            pipeline = Compose(steps)
            np.random.seed(0)
            pipeline(dict(sample, seg_fields=[]))
            watch = Stopwatch(pipeline)
            spent = []
            for _ in range(args.images):
                begun = time.perf_counter()
                pipeline(dict(sample, seg_fields=[]))
                spent.append(time.perf_counter() - begun)
            mean = float(np.mean(spent))  # transforms are drawn by chance: a median would hide some
            content[name] = dict(seconds=mean, **summary(spent), transforms=dict(watch.seconds))
            table = PrettyTable([f'{name}: transform', 'ms an image', 'share'])
            table.align = 'l'
            for kind, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
                each = seconds / args.images
                table.add_row([kind, f'{1000 * each:.1f}', f'{each / mean:.0%}'])
            print(table)
            print(f'{name}: {1000 * mean:.0f} ms, {1 / mean:.1f} images a second and worker.\n')
    sample_seconds = sum(part['seconds'] for part in content.values())
    batch_size = cfg.train_dataloader.batch_size
    print(
        f'One worker makes a batch of {batch_size} samples in '
        f'{1000 * batch_size * sample_seconds:.0f} ms; two feed a step that takes '
        f'{500 * batch_size * sample_seconds:.0f} ms or more.'
    )
    if args.step_ms:
        workers = math.ceil(1000 * batch_size * sample_seconds / args.step_ms)
        print(f'A step of {args.step_ms} ms needs {workers} workers.')
    write(
        args.out,
        threads=1,
        config=args.config,
        size=args.size,
        images=args.images,
        pipelines=content,
    )
