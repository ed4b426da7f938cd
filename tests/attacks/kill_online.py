# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of an online run: each try ends like an undisturbed run.

``python -m tests.attacks.kill_online`` prints a line for each try and a summary. A try is a run of
its own that is killed once or twice, in turn with its workers and alone, and resumed at once. Then
the networks, teachers, optimisers and schedules of both its checkpoints, ``best.pth`` and the
record of validations are compared bit for bit. Takes some minutes.
"""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.attacks.comparing import differences
from tests.attacks.killing import kill_group, run_to_the_end
from tests.conftest import make_demo_cfg
from tests.tool_runs import start_tool

COMPARED = ('epoch_*.pth', 'best.pth', 'best_validation.json', 'validation.json')
EPOCHS = 6


def write_config(folder: Path) -> Path:
    """FixMatch with an EMA teacher in miniature: six epochs of four steps, each validated."""
    data = dict(data_root=str(folder / 'data'), num_train=12, num_labeled=4, num_val=2, size=32)
    cfg = make_demo_cfg(data, folder)
    cfg.train_cfg.max_epochs = cfg.param_scheduler[0].end = EPOCHS
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=1, persistent_workers=True)
    cfg.dump(str(folder / 'run.py'))
    return folder / 'run.py'


def kill(moment: float, with_workers: bool, log: Path, command: list[str]) -> bool:
    """Starts a run and kills it after some seconds; False if it had ended by then."""
    process = start_tool(*command, log=log)
    process.join(moment)
    if process.exitcode is not None:
        return False
    if with_workers:
        kill_group(process)
    else:
        process.kill()
        process.join()
    return True


def one_try(moments: list[float], with_workers: bool, log: Path, command: list[str]) -> list[float]:
    """A run that is killed at some moments after its starts; at which ones it really was."""
    killed = []
    for moment in moments:
        if not kill(moment, with_workers, log, [*command, *(['--resume'] if killed else [])]):
            return killed
        killed.append(moment)
    run_to_the_end(log, *command, '--resume')
    return killed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--tries', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    args = parser.parse_args()
    rng = random.Random(args.seed)
    folder = Path(tempfile.mkdtemp())
    config, log = str(write_config(folder)), folder / 'log'
    whole, killed = folder / 'whole', folder / 'killed'
    run_to_the_end(log, 'train.py', config, '--work-dir', str(whole))
    # the first run has waited for the imports that all share: the second one gives the time
    seconds = run_to_the_end(log, 'train.py', config, '--work-dir', str(killed))
    wrong = differences(whole, killed, COMPARED)
    print(
        f'an undisturbed run takes {seconds:.1f} s, another one is equal: {not wrong}', flush=True
    )
    bad, tries, kills = int(bool(wrong)), 0, 0
    while tries < args.tries:
        shutil.rmtree(killed)
        with_workers = tries % 4 < 2
        command = ['train.py', config, '--work-dir', str(killed)]
        moments = [rng.uniform(0, seconds) for _ in range(1 + tries % 2)]
        try:
            moments = one_try(moments, with_workers, log, command)
            if not moments:
                seconds *= 0.9  # the machine has become faster: the run had ended before
                continue
            wrong = differences(whole, killed, COMPARED)
            wrong += [f'{path} is left' for path in killed.rglob('.*.tmp')]
        except RuntimeError as error:
            wrong = [str(error)]
        tries += 1
        kills += len(moments)
        bad += bool(wrong)
        at = ', '.join(f'{moment:.1f}' for moment in moments)
        whom = 'with its workers' if with_workers else 'alone'
        print(f'try {tries}: killed {whom} at {at} s: {"; ".join(wrong) or "equal"}', flush=True)
    print(f'{tries} runs, {kills} kills, {bad} that did not end like the undisturbed run')
    shutil.rmtree(folder)
    sys.exit(int(bad > 0))


if __name__ == '__main__':
    main()
