# SPDX-License-Identifier: Apache-2.0
"""The inconsistency mask from K teachers' logits, against NumPy and OpenCV image by image."""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from prettytable import PrettyTable
from torch import Tensor

from ..inconsistency import InconsistencyMask
from ..label_space import IGNORE_INDEX, MultiClass
from .machine import in_ms, summary, write
from .memory import PeakMemory

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


def _measure(run: Callable, repeats: int) -> tuple[dict[str, float], float]:
    """Seconds of repeated runs, and peak memory in MiB above what is there."""
    run()
    memory, seconds = PeakMemory(), []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begun)
    return summary(seconds), memory.above()


def mask(args: argparse.Namespace) -> None:
    """Prints the table, and writes JSON if a file is named."""
    torch.manual_seed(0)
    cv2.setNumThreads(torch.get_num_threads())
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    coarse = torch.randn(args.batch_size, args.classes, *(s // 16 for s in args.size))
    scene = torch.nn.functional.interpolate(coarse, tuple(args.size), mode='bilinear')
    table = PrettyTable(
        ['K', 'ms', 'MiB above the logits', 'NumPy and OpenCV: ms', 'MiB', 'times faster', 'equal']
    )
    rows = []
    _measure(lambda: ours([scene.to(device)] * 2), 1)  # what is allocated once is no K's cost
    for k in args.teachers:
        logits = [scene + 0.3 * torch.randn_like(scene) for _ in range(k)]
        moved = [one.to(device) for one in logits]
        arrays = [one.numpy() for one in logits]
        (time_ours, memory_ours), (time_numpy, memory_numpy) = (
            _measure(run, args.repeats)
            for run in (lambda m=moved: ours(m), lambda a=arrays: image_by_image(a))
        )
        equal = all(
            np.array_equal(a.cpu().numpy(), b)
            for a, b in zip(ours(moved), image_by_image(arrays), strict=True)
        )
        rows.append(dict(k=k, ours=time_ours, numpy=time_numpy, equal=equal,
                         memory=memory_ours, memory_numpy=memory_numpy))  # fmt: skip
        table.add_row([
            k, in_ms(time_ours), f'{memory_ours:.0f}', in_ms(time_numpy), f'{memory_numpy:.0f}',
            f'{time_numpy["median"] / time_ours["median"]:.1f}', 'yes' if equal else 'NO',
        ])  # fmt: skip
    print(table)
    print(
        f'{args.batch_size} images of {args.size[0]}x{args.size[1]}, {args.classes} classes, '
        f'erosion by {KERNELS["erode"]}, dilation by {KERNELS["dilate"]}; {device}, '
        f'{torch.get_num_threads()} threads. Logits to labels on both sides.'
    )
    write(args.out, size=args.size, batch_size=args.batch_size, classes=args.classes, rows=rows)
