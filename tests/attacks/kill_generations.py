# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of a generational run: each try ends like an undisturbed run.

``python -m tests.attacks.kill_generations`` prints a line for each try and a summary. A try is a
run of its own, killed once or twice with its workers, and resumed. Then the weights, optimisers
and best checkpoints of all networks, the pseudo-labels with their index, the records of
validations and the state are compared bit for bit. Takes some minutes.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.attacks.comparing import differences
from tests.attacks.killing import kill_and_resume, run_to_the_end
from tests.generations.conftest import make_generations_cfg

COMPARED = (
    'state.json', '**/*.pth', '**/labels/**/*.png', '**/index.sqlite', '**/validation.json'
)  # fmt: skip


def write_config(folder: Path) -> Path:
    """IM in miniature: four small networks in two generations, two epochs of each."""
    data = dict(data_root=str(folder / 'data'), num_train=12, num_labeled=4, num_val=2, size=32)
    cfg = make_generations_cfg(data, folder / 'unused')
    cfg.train_dataloader.update(num_workers=1, persistent_workers=True)
    cfg.dump(str(folder / 'run.py'))
    return folder / 'run.py'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--tries', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    args = parser.parse_args()
    rng = random.Random(args.seed)
    folder = Path(tempfile.mkdtemp())
    config, log, bad, kills = str(write_config(folder)), folder / 'log', 0, 0
    whole, killed = folder / 'whole', folder / 'killed'
    for _ in range(2):  # the first one also waits for imports and draws the data
        shutil.rmtree(whole, ignore_errors=True)
        seconds = run_to_the_end(log, 'train.py', config, '--work-dir', str(whole))
    print(f'an undisturbed run takes {seconds:.1f} s', flush=True)
    command = ['train.py', config, '--work-dir', str(killed)]

    def resume() -> list[str]:
        return [*command, '--resume'] if (killed / 'state.json').is_file() else command

    i = 0
    while i < args.tries:
        shutil.rmtree(killed, ignore_errors=True)
        begun = time.monotonic()
        try:
            moments = kill_and_resume(rng, 1 + i % 2, seconds, log, command, resume)
            wrong = differences(whole, killed, COMPARED)
            wrong += [f'{path} is left' for path in killed.rglob('.*.tmp')]
        except RuntimeError as error:
            moments, wrong = [], [str(error)]
        if not moments and not wrong:  # it ended before: the machine has less to do than it had
            seconds = min(seconds, time.monotonic() - begun)
            continue
        i += 1
        kills += len(moments)
        bad += bool(wrong)
        at = ', '.join(f'{moment:.1f}' for moment in moments)
        print(f'try {i}: killed at {at} s: {"; ".join(wrong) or "equal"}', flush=True)
    print(f'{args.tries} runs, {kills} kills, {bad} that did not end like the undisturbed run')
    shutil.rmtree(folder)
    sys.exit(int(bad > 0))


if __name__ == '__main__':
    main()
