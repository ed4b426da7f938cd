# SPDX-License-Identifier: Apache-2.0
"""The disk fills up while tools write: each ends with a sentence, and goes on when there is space.

``python -m tests.attacks.disk_full --tries 20`` mounts a small file system in memory (needs root),
trains online and in generations, and fills it: to a number of free bytes before the start, or to
the last byte at some moment. Then it makes space, goes on with --resume, and compares with an
undisturbed run, bit by bit. Every other tool that writes is given a disk with a few free bytes.
"""

import argparse
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.attacks.comparing import differences
from tests.attacks.full_tools import commands
from tests.attacks.small_disk import SmallDisk, small_disk, torn
from tests.conftest import make_demo_cfg
from tests.generations.conftest import make_generations_cfg
from tests.tool_runs import Ended, run_tool

COMPARED = dict(
    online=['*.pth', 'validation.json'],
    generations=['state.json', '**/*.pth', '**/validation.json', 'generation_0/labels/**/*.png'],
)


def configs(folder: Path) -> dict[str, Path]:
    """A config of each kind of training, on twelve small images."""
    shapes = dict(data_root=str(folder / 'shapes'), num_train=12, num_labeled=4, num_val=2, size=32)
    online = make_demo_cfg(shapes, folder)
    online.train_cfg.max_epochs = 3
    made = dict(online=online, generations=make_generations_cfg(shapes, folder))
    for name, cfg in made.items():
        cfg.dump(str(folder / f'{name}.py'))
    return {name: folder / f'{name}.py' for name in made}


def train(config: Path, work_dir: Path, log: Path, *options: str) -> Ended:
    return run_tool('train.py', config, '--work-dir', work_dir, *options, log=log, seconds=600)


def problem(ended: Ended) -> str | None:
    """What is wrong with how a tool ended on a full disk; None if nothing is."""
    lines = ended.output.strip().splitlines() or ['']
    if ended.status != 1:
        return f'status {ended.status}'
    if 'Traceback' in ended.output or 'Logging error' in ended.output:
        return 'a traceback'
    if not re.search(r'^error: \S+ cannot be written \(No space left on device\)\.', lines[-1]):
        return f'no sentence: {lines[-1][:200]}'
    return None


def written(ended: Ended) -> str:
    """The kind of file whose write failed, without numbers."""
    name = re.search(r'error: (\S+) cannot', ended.output)
    return re.sub(r'\d+', 'N', Path(name[1]).name) if name else '?'


class Training:
    """Trainings of one config on a disk that fills up.

    Args:
        name (str): Key of :data:`COMPARED`.
        config (Path): The config.
        disk (SmallDisk): Where they write.
        folder (Path): For the undisturbed run and the outputs, elsewhere.
    """

    def __init__(self, name: str, config: Path, disk: SmallDisk, folder: Path):
        self.name, self.config, self.disk = name, config, disk
        self.log, self.whole = folder / 'log', folder / name
        begun, used = time.monotonic(), disk.used()
        work_dir = disk.folder / name
        ended = train(config, work_dir, self.log)
        assert ended.status == 0, ended.output[-3000:]
        self.seconds, self.bytes = time.monotonic() - begun, disk.used() - used
        shutil.move(work_dir, self.whole)

    def attack(self, rng: random.Random, kinds: Counter) -> str:
        """One run that is stopped by a full disk until it ends; a line about it."""
        work_dir = self.disk.folder / f'{self.name}_attacked'
        shutil.rmtree(work_dir, ignore_errors=True)
        said, options = [], []
        for _ in range(rng.randint(1, 3)):
            ended, how = self._filled(rng, work_dir, options)
            if ended.status == 0:
                said.append(f'{how}: not hit')
                break
            kinds[written(ended)] += 1
            wrong = problem(ended) or (torn(work_dir) and f'torn: {torn(work_dir)}')
            said.append(f'{how}: {written(ended)}{f" PROBLEM {wrong}" if wrong else ""}')
            options = self._resume(work_dir)
        else:
            ended = train(self.config, work_dir, self.log, *options)
        if ended.status:
            said.append(f'PROBLEM resumed: status {ended.status} {ended.output.strip()[-400:]}')
        else:
            different = differences(self.whole, work_dir, COMPARED[self.name])
            said.append(f'PROBLEM differs: {different}' if different else 'equal at the end')
        return '; '.join(said)

    def _filled(self, rng: random.Random, work_dir: Path, options: list[str]) -> tuple[Ended, str]:
        timer, how = None, ''
        if rng.random() < 0.5:
            free = rng.randrange(self.bytes)
            how = f'{free // 1024} KiB free'
            self.disk.leave(free)
        else:
            moment = rng.uniform(0, self.seconds)
            how = f'full after {moment:.1f} s'
            timer = threading.Timer(moment, self.disk.leave, (0,))
            timer.start()
        ended = train(self.config, work_dir, self.log, *options)
        if timer is not None:
            timer.cancel()
            timer.join()
        self.disk.make_space()
        return ended, how

    def _resume(self, work_dir: Path) -> list[str]:
        begun = [*work_dir.glob('*.pth'), *work_dir.glob('state.json')]
        return ['--resume'] if begun else []


def attack_tools(disk: SmallDisk, folder: Path, trained: dict[str, Path], rng) -> list[str]:
    """A line for each tool: on a disk with some free bytes, then on one with space."""
    lines = []
    for name, command in commands(folder, trained, disk.folder / 'out').items():
        said = []
        for free in (0, 4096, rng.randrange(8192, 65536)):
            shutil.rmtree(disk.folder / 'out', ignore_errors=True)
            (disk.folder / 'out').mkdir()
            disk.leave(free)
            ended = run_tool(*command, log=folder / 'log')
            disk.make_space()
            if ended.status == 0:
                said.append('fits')
                continue
            wrong = problem(ended) or (torn(disk.folder / 'out') and 'torn')
            said.append(f'PROBLEM {wrong}' if wrong else written(ended))
            ended = run_tool(*command, log=folder / 'log')
            if ended.status:
                said.append(f'PROBLEM again: {ended.output.strip()[-300:]}')
        lines.append(f'{name}: {", ".join(said)}')
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--tries', type=int, default=20, help='runs of each kind of training')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    rng, kinds, lines = random.Random(args.seed), Counter(), []

    def tell(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder, 'disk')) as disk:
        made, trained = configs(Path(folder)), {}
        for name, config in made.items():
            training = Training(name, config, disk, Path(folder))
            trained[name] = training.whole
            tell(f'{name}: {training.seconds:.1f} s, {training.bytes / 2**20:.1f} MiB undisturbed')
            for i in range(args.tries):
                tell(f'{name} {i}: {training.attack(rng, kinds)}')
        shutil.rmtree(disk.folder / 'online_attacked', ignore_errors=True)
        shutil.rmtree(disk.folder / 'generations_attacked', ignore_errors=True)
        for line in attack_tools(disk, Path(folder), trained, rng):
            tell(line)
    print(f'writes that failed in training: {dict(kinds.most_common())}')
    wrong = sum('PROBLEM' in line for line in lines)
    print(f'{len(lines)} lines, {wrong} with a problem')
    raise SystemExit(bool(wrong))


if __name__ == '__main__':
    main()
