# SPDX-License-Identifier: Apache-2.0
"""Speed and memory of one training step of several configs, as ratios to the first of them."""

import argparse
import copy
import json
import multiprocessing
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from mmengine import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from prettytable import PrettyTable
from torch import Tensor

from .memory import PeakMemory

WARM_UP = 3


def random_batch(model: torch.nn.Module, batch_size: int, size: tuple[int, int]) -> dict:
    """Random normalised views with random labels, as the data preprocessor would return them.

    Args:
        model (nn.Module): A SemiSegmentor.
        batch_size (int): Labeled, and as many unlabeled images.
        size (tuple[int, int]): Height and width.
    """
    rng = torch.Generator().manual_seed(0)
    views = () if model.semi is None else model.semi.views
    inputs = {n: torch.randn(batch_size, 3, *size, generator=rng) for n in ('sup', *views)}
    maps, labels = model.label_space.num_maps, model.label_space.num_labels
    samples = {}
    for name in inputs:
        label = torch.zeros(batch_size, maps, *size, dtype=torch.long)
        if name == 'sup':
            label.random_(labels, generator=rng)
        samples[name] = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in label]
    return dict(inputs=inputs, data_samples=samples)


def step_once(path: str, args: argparse.Namespace) -> dict:
    """Measures some steps in a process of its own: median seconds, and peak memory in MiB."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    cfg = Config.fromfile(path)
    init_default_scope('mmseg')
    model = MODELS.build(copy.deepcopy(cfg.model)).to(device).train()
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    batch = random_batch(model, args.batch_size, tuple(args.size))
    batch = model.data_preprocessor.cast_data(batch)
    seconds, forwards, memory = [], [], PeakMemory()
    for i in range(WARM_UP + args.steps):
        if device == 'cuda':
            torch.cuda.synchronize()
        begun = time.perf_counter()
        with optim.optim_context(model):
            losses = model(**batch, mode='loss')
        loss, _ = model.parse_losses(losses)
        optim.update_params(loss)
        if device == 'cuda':
            torch.cuda.synchronize()
        if i >= WARM_UP:
            seconds.append(time.perf_counter() - begun)
        forwards.append(_seconds_of_a_voter(model, batch['inputs']['sup']))
    peak = memory.above()
    return dict(
        seconds=float(np.median(seconds)), forward=float(np.median(forwards[WARM_UP:])), peak=peak
    )


@torch.no_grad()
def _seconds_of_a_voter(model: torch.nn.Module, image: Tensor) -> float:
    """One forward pass in eval mode, between training steps as in a method, to logits."""
    model.eval()
    begun = time.perf_counter()
    model.logits(image)
    if image.is_cuda:
        torch.cuda.synchronize()
    spent = time.perf_counter() - begun
    model.train()
    return spent


def step(args: argparse.Namespace) -> None:
    """Prints the table, and writes JSON if a file is named."""
    context = multiprocessing.get_context('spawn')
    runs: dict[str, list[dict]] = {path: [] for path in args.configs}
    for _ in range(args.repeats):
        for path in args.configs:  # in turn, so that a busy moment hits all of them
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                runs[path].append(pool.submit(step_once, path, args).result())
    median = {
        path: {key: float(np.median([run[key] for run in of_path])) for key in of_path[0]}
        for path, of_path in runs.items()
    }
    base = median[args.configs[0]]
    table = PrettyTable(['config', 'ms a step', 'of the first', 'peak memory, MiB', 'of its'])
    table.align['config'] = 'l'
    for path, m in median.items():
        table.add_row([
            Path(path).stem.split('_')[0], f'{1000 * m["seconds"]:.1f}',
            f'{m["seconds"] / base["seconds"]:.2f}', f'{m["peak"]:.0f}',
            f'{m["peak"] / base["peak"]:.2f}',
        ])  # fmt: skip
    print(table)
    share = base['forward'] / base['seconds']
    print(f'One voter, a forward pass of the unlabeled batch: {share:.2f} of the first step.')
    print('Forward, backward, optimiser and teachers; memory above what networks and batch take.')
    if args.out:
        content = dict(
            machine=platform.machine(), python=sys.version.split()[0], torch=torch.__version__,
            size=args.size, batch_size=args.batch_size, runs=runs,
        )  # fmt: skip
        Path(args.out).write_text(json.dumps(content, indent=1) + '\n')
