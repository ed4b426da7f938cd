# SPDX-License-Identifier: Apache-2.0
"""The inconsistency mask from K teachers' logits, against NumPy and OpenCV image by image."""

import argparse
import hashlib
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import cv2
import numpy as np
import torch
from prettytable import PrettyTable
from torch import Tensor

from benchmarks.machine import in_ms, summary, write
from benchmarks.memory import PeakMemory
from benchmarks.step import seconds_of
from mmseg_im.inconsistency.mask import InconsistencyMask
from mmseg_im.labels.spaces import IGNORE_INDEX, MultiClass

KERNELS = dict(erode=3, dilate=5)


def ours(logits: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Label and mask of a batch from K teachers' logits (N, C, H, W), one after another."""
    space, mask = MultiClass(logits[0].shape[1]), InconsistencyMask(**KERNELS)
    votes = mask.new_votes(space.num_labels)
    valid = torch.ones_like(logits[0][:, :1], dtype=torch.bool)
    for one in logits:
        votes.add(space.hard(one), valid)
    consensus = mask(votes, valid, votes._first)
    return consensus.label, consensus.inconsistent


def image_by_image(logits: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The same from the definition: argmax, equality, erosion with growing labels, dilation."""
    square = {name: np.ones((k, k), np.uint8) for name, k in KERNELS.items()}
    labels, masks = [], []
    for i in range(len(logits[0])):
        hard = [np.argmax(one[i], axis=0).astype(np.uint8) for one in logits]
        mask = np.zeros(hard[0].shape, np.uint8)
        for one in hard[1:]:
            mask |= one != hard[0]
        label = np.where(mask, IGNORE_INDEX, hard[0]).astype(np.uint8)
        eroded = cv2.erode(mask, square['erode'])
        freed = (mask == 1) & (eroded == 0)
        for c in range(logits[0].shape[1]):  # where classes meet, the largest id stays
            grown = cv2.dilate(
                (np.where(mask, IGNORE_INDEX, hard[0]) == c).astype(np.uint8), square['erode']
            )
            label[freed & (grown == 1)] = c
        final = cv2.dilate(eroded, square['dilate'])
        label[final == 1] = IGNORE_INDEX
        labels.append(label)
        masks.append(final)
    return np.stack(labels)[:, None], np.stack(masks)[:, None].astype(bool)


def measure_side(args: argparse.Namespace, k: int, side: str) -> dict:
    """Measures one side in a process of its own.

    Args:
        args (Namespace): Of the command.
        k (int): Teachers.
        side (str): ``'ours'`` or ``'numpy'``.

    Returns:
        dict: A summary of the seconds, the peak memory of the first run in MiB above the logits,
        and a fingerprint of the label and the mask.
    """
    torch.manual_seed(0)
    cv2.setNumThreads(torch.get_num_threads())
    coarse = torch.randn(args.batch_size, args.classes, *(s // 16 for s in args.size))
    scene = torch.nn.functional.interpolate(coarse, tuple(args.size), mode='bilinear')
    logits = [scene + 0.3 * torch.randn_like(scene) for _ in range(k)]
    del scene
    if side == 'ours':
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        logits = [one.to(device) for one in logits]
    run = partial(ours, logits) if side == 'ours' else partial(image_by_image, to_numpy(logits))
    memory = PeakMemory()
    found = run()
    peak = memory.above()
    seconds = [seconds_of(run) for _ in range(args.repeats)]
    bytes_of = b''.join(array.tobytes() for array in to_numpy(found))
    return dict(summary(seconds), peak=peak, fingerprint=hashlib.sha256(bytes_of).hexdigest())


def to_numpy(tensors: Sequence[Tensor | np.ndarray]) -> list[np.ndarray]:
    """Arrays in main memory."""
    return [t.cpu().numpy() if isinstance(t, Tensor) else t for t in tensors]


def mask(args: argparse.Namespace) -> None:
    """Prints the table, and writes JSON if a file is named."""
    context = multiprocessing.get_context('spawn')
    table = PrettyTable(
        ['K', 'ms', 'MiB above the logits', 'NumPy and OpenCV: ms', 'their MiB', 'times faster',
         'same pixels']
    )  # fmt: skip
    rows = []
    for k in args.teachers:
        row = dict(k=k)
        for side in ('ours', 'numpy'):
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                row[side] = pool.submit(measure_side, args, k, side).result()
        rows.append(row)
        ours_of, numpy_of = row['ours'], row['numpy']
        table.add_row([
            k, in_ms(ours_of), f'{ours_of["peak"]:.0f}', in_ms(numpy_of), f'{numpy_of["peak"]:.0f}',
            f'{numpy_of["median"] / ours_of["median"]:.1f}',
            'yes' if ours_of['fingerprint'] == numpy_of['fingerprint'] else 'NO',
        ])  # fmt: skip
    print(table)
    threads = torch.get_num_threads()
    print(
        f'{args.batch_size} images of {args.size[0]}x{args.size[1]}, {args.classes} classes, '
        f'erosion by {KERNELS["erode"]}, dilation by {KERNELS["dilate"]}; {threads} threads. '
        'Logits to labels on both sides.'
    )
    write(
        args.out, threads=threads, size=args.size, batch_size=args.batch_size,
        classes=args.classes, rows=rows,
    )  # fmt: skip
