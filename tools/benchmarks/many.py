# SPDX-License-Identifier: Apache-2.0
"""What grows with the number of images: start of a training, memory, the index of labels."""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from mmengine import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from prettytable import PrettyTable

from benchmarks.data import write_sample
from benchmarks.machine import write
from benchmarks.memory import PeakMemory
from mmseg_im.datasets.chosen_labels import choose
from mmseg_im.datasets.pseudo_label_files import INDEX, read_index
from mmseg_im.evaluation.pseudo_label_writer import PseudoLabelWriter

CONFIG = 'configs/fixmatch/fixmatch-im_unet-half_1xb4-25e_camvid-1_8-160x120.py'
TRAIN = Path(__file__).parents[1] / 'train.py'
LABELED = 4
PER_FILE = 50_000  # links to one file: no common file system allows fewer


def image_names(count: int) -> list[str]:
    """Returns the names of images, a thousand in a folder."""
    return [f'{i // 1000:04}/{i:07}' for i in range(count)]


def write_images(folder: Path, count: int) -> None:
    """Writes labeled images, and lists and links that stand for many unlabeled ones."""
    image, label = (Path(write_sample(str(folder), (120, 160), '.png')[k])
                    for k in ('img_path', 'seg_map_path'))  # fmt: skip
    names, labeled = image_names(count), [f'labeled{i}' for i in range(LABELED)]
    for name in labeled:
        for kind, source in (('images', image), ('annotations', label)):
            (folder / kind).mkdir(exist_ok=True)
            (folder / kind / f'{name}.png').write_bytes(source.read_bytes())
    for i, name in enumerate(names):
        if i % PER_FILE == 0:
            source = folder / f'source{i}.png'
            source.write_bytes(image.read_bytes())
        if i % 1000 == 0:
            (folder / 'images' / name).parent.mkdir()
        os.link(source, folder / 'images' / f'{name}.png')
    for kind, some in (('labeled', labeled), ('unlabeled', names)):
        (folder / f'{kind}.txt').write_text('\n'.join(some) + '\n')


def training_config(folder: Path) -> Config:
    """Returns the config of an epoch of two steps of FixMatch on these images."""
    cfg = Config.fromfile(TRAIN.parents[1] / CONFIG)
    data = cfg.train_dataloader.dataset
    for kind, part in (('labeled', data.labeled), ('unlabeled', data.unlabeled)):
        part.update(
            type='BaseSegDataset',
            data_root=str(folder),
            ann_file=f'{kind}.txt',
            metainfo=dict(classes=[str(i) for i in range(11)]),
            img_suffix='.png',
        )
        part.data_prefix = dict(img_path='images')
    data.labeled.data_prefix['seg_map_path'] = 'annotations'
    data.unlabeled.pipeline = [
        step for step in data.unlabeled.pipeline if step['type'] != 'LoadHiddenAnnotations'
    ]
    data.num_samples = 2 * cfg.train_dataloader.batch_size
    for name in [key for key in cfg if key.startswith(('val_', 'test_'))]:
        cfg.pop(name)
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
    cfg.param_scheduler = None
    cfg.default_hooks = dict(checkpoint=None)
    cfg.custom_hooks = [dict(type='SeedHook')]
    return cfg


def start(folder: Path, work_dir: Path, **changes) -> dict[str, float]:
    """Trains two steps in a process of its own; returns what :class:`FirstStepHook` measures."""
    cfg, out_file = training_config(folder), work_dir / 'first_step.json'
    cfg.custom_imports = dict(imports=['mmseg_im', 'benchmarks.first_step'])
    hook = dict(type='FirstStepHook', out_file=str(out_file), begun=time.time())
    cfg.custom_hooks.append(hook)
    cfg.update(changes)
    file = folder / 'config.py'
    cfg.dump(file)
    hook['begun'] = time.time()
    paths = [str(TRAIN.parent), str(TRAIN.parents[1]), os.environ.get('PYTHONPATH', '')]
    subprocess.run(
        [sys.executable, str(TRAIN), str(file), '--work-dir', str(work_dir)],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)),
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return json.loads(out_file.read_text())


def rows(count: int) -> Iterator[tuple[str, dict]]:
    """Yields names and rows of an index of as many images, as of nineteen classes."""
    rng = np.random.default_rng(0)
    for name in image_names(count):
        masked, agreement = rng.random(2).tolist()
        pixels = rng.integers(0, 10_000, 19).tolist()
        row = dict(masked=masked, agreement=agreement, pixels=pixels, same_classes=masked < 0.5)
        yield name, dict(row, image=f'images/{name}.png')


def write_index(folder: Path, count: int) -> None:
    """Writes an index as pseudo-labels come."""
    writer = PseudoLabelWriter(str(folder), 'images')
    writer.dataset_meta = dict(classes=[str(i) for i in range(19)])
    for name, row in rows(count):
        writer.add(name, row)
    writer.evaluate(count)


def read(folder: Path) -> None:
    """Reads all rows of an index."""
    for _ in read_index(folder).pairs():
        pass


def choose_images(folder: Path, labels: Path) -> None:
    """Chooses the images of which at most half is masked, and how often to draw each."""
    cfg = training_config(folder).train_dataloader.dataset.unlabeled
    cfg.update(metainfo=dict(classes=[str(i) for i in range(19)]), pipeline=[])
    filters = dict(max_ratio=0.5, same_classes=True, min_foreground=False)
    choose(DATASETS.build(cfg), str(labels), 'masked', filters)


def measured(call: Callable[..., None], *args) -> dict[str, float]:
    """Calls a function in a process of its own; returns its seconds and the MiB that it adds."""
    context = multiprocessing.get_context('fork')
    receive, send = context.Pipe(duplex=False)

    def run() -> None:
        memory, begun = PeakMemory(), time.perf_counter()
        call(*args)
        send.send(dict(seconds=time.perf_counter() - begun, memory=memory.above()))

    process = context.Process(target=run)
    process.start()
    send.close()
    found = receive.recv()
    process.join()
    return found


def many(args: argparse.Namespace) -> None:
    """Prints the table, and writes JSON if a file is named."""
    init_default_scope('mmseg')
    table, content = PrettyTable(['', *(f'{count:,} images' for count in args.images)]), {}
    for count in args.images:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            folder = Path(name)
            labels = folder / 'labels'
            write_images(folder, count)
            content[count] = {
                'start to first step': start(folder, folder / 'run'),
                'the same, checked before': start(folder, folder / 'run'),
                'the same, check_files=False': start(folder, folder / 'other', check_files=False),
                'write the index': measured(write_index, labels, count),
                'read it': measured(read, labels),
                'choose by filters': measured(choose_images, folder, labels),
            }
            content[count]['read it']['size'] = (labels / INDEX).stat().st_size / 2**20
        print(f'{count} images: {content[count]}', flush=True)
    units = dict(seconds='s', main='MiB, main process', worker='MiB, a worker alone',
                 memory='MiB more', size='MiB, file')  # fmt: skip
    for what, values in content[args.images[0]].items():
        for key in values:
            cells = [f'{content[count][what][key]:.1f}' for count in args.images]
            table.add_row([f'{what}, {units[key]}', *cells])
    table.align = 'r'
    table.align[''] = 'l'
    print(table)
    write(args.out, images={str(count): values for count, values in content.items()})
