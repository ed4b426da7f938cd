# SPDX-License-Identifier: Apache-2.0
"""Speed and memory of one training step of several configs, as ratios to the first of them."""

import argparse
import ast
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from mmengine import Config
from mmengine.logging import MMLogger
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import AmpOptimWrapper, OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from prettytable import PrettyTable
from torch import Tensor, nn

from benchmarks.machine import in_ms, summary, write
from benchmarks.memory import PeakMemory
from benchmarks.rate import count_flops, matrix_rate
from benchmarks.shares import PARTS, mark_parts, shares
from benchmarks.waits import waits
from mmseg_im.engine.hooks.compile import compile_networks
from mmseg_im.engine.optim import BFloat16OptimWrapper
from mmseg_im.errors import UserError

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


def read_item(item: str) -> tuple[str, bool, dict]:
    """Reads ``'CONFIG[:compile][:key=value ...]'``: path, whether to compile, and changes.

    Raises:
        UserError: If the config does not exist or a change is none.
    """
    path, *words = item.split(':')
    if not Path(path).is_file():
        raise UserError(f'{path} does not exist.')
    wrong = [word for word in words if word != 'compile' and '=' not in word]
    if wrong:
        raise UserError(f"{item}: {wrong[0]!r} is neither 'compile' nor key=value.")
    changes = dict(word.split('=', 1) for word in words if word != 'compile')
    return path, 'compile' in words, {key: _value(text) for key, text in changes.items()}


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def build_step(item: str, args: argparse.Namespace) -> tuple[nn.Module, OptimWrapper, Callable]:
    """Builds a config's network and optimiser on the device, and one training step of them.

    Args:
        item (str): See :func:`read_item`; nothing is compiled here.
        args (Namespace): ``batch_size``, ``size``.
    """
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    path, _, changes = read_item(item)
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(changes)
    init_default_scope('mmseg')
    MMLogger.get_instance('benchmark', log_level='WARNING')  # not a line for each parameter
    torch.manual_seed(0)
    model = revert_sync_batchnorm(MODELS.build(cfg.model)).to(device).train()
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    batch = random_batch(model, args.batch_size, tuple(args.size))
    batch = model.data_preprocessor.cast_data(batch)

    def step() -> None:
        with optim.optim_context(model):
            losses = model(**batch, mode='loss')
        loss, _ = model.parse_losses(losses)
        optim.update_params(loss)

    return model, optim, step


def step_once(item: str, args: argparse.Namespace) -> dict:
    """Measures some steps in a process of its own: seconds, peak memory, arithmetic, shares."""
    torch.set_num_threads(args.threads)
    model, optim, step = build_step(item, args)
    compiled = read_item(item)[1]
    if compiled:
        compile_networks(model)
    image = torch.randn(args.batch_size, 3, *args.size, device=next(model.parameters()).device)
    seconds, forwards, memory = [], [], PeakMemory()
    for _ in range(WARM_UP + args.steps):
        seconds.append(seconds_of(step))
        forwards.append(seconds_of(lambda: _voter(model, optim, image)))
    result = dict(
        seconds=float(np.median(seconds[WARM_UP:])),
        forward=float(np.median(forwards[WARM_UP:])),
        peak=memory.above(),
    )
    # graphs of compiled networks would hide their operations from the counter
    plain = build_step(item, args)[2] if compiled else step
    result['flops'] = count_flops(plain)
    result['rate'] = matrix_rate(_dtype(optim), image.device.type)
    result['waits'] = waits(step)
    mark_parts(model, optim)
    return dict(result, shares=shares(step))


def _name(item: str) -> str:
    """``'fixmatch-im compile'``: method and changes."""
    path = read_item(item)[0]
    return ' '.join([Path(path).stem.split('_')[0], *item.split(':')[1:]])


def _dtype(optim: OptimWrapper) -> torch.dtype:
    """In which the networks compute."""
    if isinstance(optim, BFloat16OptimWrapper):
        return torch.bfloat16
    if isinstance(optim, AmpOptimWrapper):
        return optim.cast_dtype or torch.float16
    return torch.float32


def seconds_of(function: Callable[[], None]) -> float:
    """Wall time of one call, until the device has done its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    begun = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


@torch.no_grad()
def _voter(model: nn.Module, optim: OptimWrapper, image: Tensor) -> None:
    """One forward pass in eval mode, between training steps as in a method, to logits."""
    model.eval()
    with optim.optim_context(model):
        model.logits(image)
    model.train()


def step(args: argparse.Namespace) -> None:
    """Prints the tables, and writes JSON if a file is named."""
    context = multiprocessing.get_context('spawn')
    runs: dict[str, list[dict]] = {path: [] for path in args.configs}
    names = {path: _name(path) for path in args.configs}
    for i in range(args.repeats):
        for path in args.configs:  # in turn, so that a busy moment hits all of them
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                runs[path].append(pool.submit(step_once, path, args).result())
            spent = 1000 * runs[path][-1]['seconds']
            print(f'run {i + 1}: {names[path]}: {spent:.1f} ms', file=sys.stderr, flush=True)
    times = {path: summary([run['seconds'] for run in found]) for path, found in runs.items()}
    peaks = {path: float(np.median([r['peak'] for r in found])) for path, found in runs.items()}
    base = times[args.configs[0]]['median']
    table = PrettyTable(['config', 'ms a step', 'of the first', 'memory, MiB', "of the first's"])
    parts = PrettyTable(['config', *PARTS, 'GFLOP', 'GFLOP/s', 'of matrix products'])
    table.align['config'] = parts.align['config'] = 'l'
    for path, time_of in times.items():
        table.add_row([
            names[path], in_ms(time_of), f'{time_of["median"] / base:.2f}', f'{peaks[path]:.0f}',
            f'{peaks[path] / peaks[args.configs[0]]:.2f}',
        ])  # fmt: skip
        last = runs[path][-1]
        speed = last['flops'] / time_of['median']
        parts.add_row([
            names[path], *(f'{last["shares"][part]:.0%}' for part in PARTS),
            f'{last["flops"] / 1e9:.1f}', f'{speed / 1e9:.0f}', f'{speed / last["rate"]:.0%}',
        ])  # fmt: skip
    print(table)
    share = np.median([run['forward'] for run in runs[args.configs[0]]]) / base
    print(f'One voter, a forward pass of the unlabeled batch: {share:.2f} of the first step.')
    print('Forward, backward, optimiser and teachers; memory above what networks and batch take.')
    print(parts)
    print('Shares of the last run, from the profiler; losses: all that is in no network.')
    if torch.cuda.is_available():
        for path, name in names.items():
            print(f'Waits for the GPU in two steps of {name}: {runs[path][-1]["waits"] or "none"}.')
    write(
        args.out,
        threads=args.threads,
        size=args.size,
        batch_size=args.batch_size,
        seconds=times,
        runs=runs,
    )
