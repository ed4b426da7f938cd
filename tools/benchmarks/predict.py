# SPDX-License-Identifier: Apache-2.0
"""Speed and memory of K teachers that write pseudo-labels, against plain ``Runner.test()``."""

import argparse
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine import Config
from mmengine.evaluator import BaseMetric
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, save_checkpoint
from mmseg.registry import METRICS, MODELS
from prettytable import PrettyTable

from benchmarks.machine import summary, write
from benchmarks.memory import PeakMemory
from benchmarks.one_by_one import label_one_by_one
from mmseg_im.files.atomic import write_png


def predict_once(
    args: argparse.Namespace, folder: str, teachers: int, one_by_one: bool = False
) -> dict:
    """Measures one run in a process of its own; ``teachers`` = 0 is the plain network."""
    torch.set_num_threads(1)
    cfg = Config.fromfile(args.config)
    init_default_scope('mmseg')
    if one_by_one:
        memory = PeakMemory()
        return dict(seconds=label_one_by_one(cfg, folder, teachers), peak=memory.above())
    members = []
    for i in range(max(teachers, 1)):
        path = Path(folder) / f'{i}.pth'
        if not path.is_file():
            torch.manual_seed(i)
            save_checkpoint(dict(state_dict=MODELS.build(cfg.model).state_dict()), str(path))
        members.append(dict(checkpoint=str(path), config=cfg.model))
    classes = tuple(str(i) for i in range(cfg.model.decode_head.num_classes))
    test = Config(
        dict(
            model=cfg.model,
            work_dir=f'{folder}/work',
            default_scope='mmseg',
            log_level='ERROR',
            test_dataloader=dict(
                batch_size=args.batch_size,
                num_workers=1,
                persistent_workers=True,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(
                    type='BaseSegDataset',
                    data_root=folder,
                    img_suffix='.png',
                    metainfo=dict(classes=classes),
                    data_prefix=dict(img_path='images'),
                    test_mode=True,
                    pipeline=[dict(type='LoadImageFromFile'), dict(type='PackSegInputs')],
                ),
            ),
            test_cfg=dict(type='TestLoop'),
            test_evaluator=dict(type='NoMetric'),
        )
    )
    if teachers:
        voter = 'agreement' if teachers > 1 else 'mean'
        test.model = dict(type='EnsembleSegmentor', members=members, voter=voter)
        test.test_evaluator = dict(
            type='PseudoLabelWriter', out_dir=f'{folder}/labels', img_dir=f'{folder}/images'
        )
    else:
        _register_no_metric()
        test.load_from = members[0]['checkpoint']
    runner = Runner.from_cfg(test)
    runner.load_or_resume()
    memory = PeakMemory()
    begun = time.perf_counter()
    runner.test()
    seconds = time.perf_counter() - begun
    return dict(seconds=seconds, peak=memory.above())


def _register_no_metric() -> None:
    @METRICS.register_module(force=True)
    class NoMetric(BaseMetric):
        """Keeps nothing, so that only prediction is measured."""

        def process(self, data_batch, data_samples):
            self.results.append(0)

        def compute_metrics(self, results):
            return {}


def predict(args: argparse.Namespace) -> None:
    """Prints images per second and teacher, and the memory above what the process holds before."""
    context = multiprocessing.get_context('spawn')
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        (Path(folder) / 'images').mkdir()
        for i in range(args.images):
            noise = rng.integers(0, 256, (args.size[0] // 8, args.size[1] // 8, 3), np.uint8)
            image = cv2.resize(noise, args.size[::-1], interpolation=cv2.INTER_CUBIC)
            write_png(f'{folder}/images/{i:05d}.png', image)
        alone = [kind for kind in args.teachers if kind > 1]
        kinds = [(k, False) for k in (0, *args.teachers)] + [(k, True) for k in alone]
        runs = {kind: [] for kind in kinds}
        for _ in range(args.repeats):
            for kind in kinds:  # in turn, so that a busy moment hits all of them
                with ProcessPoolExecutor(1, mp_context=context) as pool:
                    runs[kind].append(pool.submit(predict_once, args, folder, *kind).result())
    median = {
        kind: {key: float(np.median([run[key] for run in of_kind])) for key in of_kind[0]}
        for kind, of_kind in runs.items()
    }
    rate = {k: args.images * max(k[0], 1) / m['seconds'] for k, m in median.items()}
    base = median.get((1, False), median[kinds[1]])['peak']
    table = PrettyTable(['', 'images/s and teacher', 'of plain', 'peak memory, MiB', 'of K = 1'])
    for kind in kinds:
        peak = median[kind]['peak']
        table.add_row([
            _name(*kind), f'{rate[kind]:.2f}', f'{rate[kind] / rate[kinds[0]]:.2f}',
            '' if kind[1] else f'{peak:.0f}', '' if kind[1] else f'{peak / base:.2f}',
        ])  # fmt: skip
    print(table)
    print('Memory above what the process holds, with its weights, before the first image.')
    print('The workers of a loader take a second to start, which counts: measure many images.')
    seconds = {_name(*kind): summary([run['seconds'] for run in runs[kind]]) for kind in kinds}
    write(
        args.out, threads=1, config=args.config, size=args.size, batch_size=args.batch_size,
        images=args.images, seconds=seconds, runs={_name(*kind): runs[kind] for kind in kinds},
    )  # fmt: skip


def _name(teachers: int, one_by_one: bool) -> str:
    if one_by_one:
        return f'{teachers} teachers, one image at a time'
    return f'{teachers} teachers, written' if teachers else 'plain Runner.test()'
