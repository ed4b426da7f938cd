# SPDX-License-Identifier: Apache-2.0
"""A step of UniMatch or UniMatch V2 against the same step as the published code takes it."""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from prettytable import PrettyTable

from benchmarks.machine import in_ms, summary, write
from benchmarks.memory import PeakMemory
from benchmarks.published_code import published_step
from benchmarks.step import WARM_UP, read_item, seconds_of, step_once


def published_once(item: str, args: argparse.Namespace) -> dict:
    """Measures some steps in a process of its own: median seconds, and peak memory in MiB."""
    torch.set_num_threads(args.threads)
    _, step = published_step(read_item(item)[0], args)
    memory = PeakMemory()
    seconds = [seconds_of(step) for _ in range(WARM_UP + args.steps)]
    return dict(seconds=float(np.median(seconds[WARM_UP:])), peak=memory.above())


def published(args: argparse.Namespace) -> None:
    """Prints the table, and writes JSON if a file is named."""
    read_item(args.config)
    context = multiprocessing.get_context('spawn')
    measures = dict(published=published_once, ours=step_once)
    runs: dict[str, list[dict]] = {name: [] for name in measures}
    for _ in range(args.repeats):
        for name, measure in measures.items():  # in turn, so that a busy moment hits both
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                runs[name].append(pool.submit(measure, args.config, args).result())
    times = {name: summary([run['seconds'] for run in found]) for name, found in runs.items()}
    peaks = {name: float(np.median([r['peak'] for r in found])) for name, found in runs.items()}
    table = PrettyTable(['', 'ms a step', 'times faster', 'memory, MiB', 'of published'])
    for name, time in times.items():
        faster = times['published']['median'] / time['median']
        table.add_row([
            name, in_ms(time), f'{faster:.2f}', f'{peaks[name]:.0f}',
            f'{peaks[name] / peaks["published"]:.2f}',
        ])  # fmt: skip
    print(table)
    last = runs['ours'][-1]
    speed = last['flops'] / times['ours']['median']
    print(
        f'Ours: {last["flops"] / 1e9:.1f} GFLOP a step, {speed / 1e9:.0f} GFLOP/s, '
        f'{speed / last["rate"]:.0%} of what matrix products reach in its dtype.'
    )
    print(f'{args.batch_size} labeled and {args.batch_size} unlabeled random images of '
          f'{args.size[0]}x{args.size[1]}.')  # fmt: skip
    write(
        args.out, threads=args.threads, config=args.config, size=args.size,
        batch_size=args.batch_size, seconds=times, runs=runs,
    )  # fmt: skip
