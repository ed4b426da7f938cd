# SPDX-License-Identifier: Apache-2.0
"""The most dangerous checkpoints, through every entry that loads one."""

import numpy as np
import pytest

from mmseg_im.files.atomic import write_png
from tests.attacks.hostile import built, call, checkpoint, write
from tests.attacks.hostile_code import ARRAY, OBJECT
from tests.conftest import make_demo_cfg
from tests.tool_runs import assert_refused, run_tool


def files(marker: str) -> dict[str, bytes]:
    """Object pointers of the file's choice, code, and a weight that is none."""
    forged = built(call(ARRAY, (1,), 'O'), (1, (1,), OBJECT, False, b'A' * 8))
    return {
        'pointers': checkpoint(forged),
        'code': checkpoint(call('os mkdir', marker)),
        'nothing': checkpoint(state_dict={'a': None}),
    }


@pytest.fixture(scope='module')
def config(mini_shapes, tmp_path_factory):
    """A function that writes the demo's config with changes and returns its path."""
    folder = tmp_path_factory.mktemp('entries')
    cfg = make_demo_cfg(mini_shapes, folder)

    def write_config(path, model=None, **changes):
        changed = cfg.copy()
        if model:
            changed.model = model
            changed.pop('data_preprocessor', None)  # mmengine would give it to any model
        changed.merge_from_dict(changes)
        changed.dump(str(path))
        return str(path)

    return write_config


def arguments(entry: str, config, hostile: str, folder) -> list[str]:
    """The command line that loads a checkpoint by one way."""
    work = ['--work-dir', str(folder / 'work')]
    plain = config(folder / 'plain.py')
    member = dict(checkpoint=hostile, config=plain)
    if entry == 'test.py':
        return ['test.py', plain, hostile, *work]
    if entry == 'predict.py':
        write_png(folder / 'new/a.png', np.zeros((8, 8, 3), np.uint8))
        return ['predict.py', plain, hostile, str(folder / 'new'), '--out', 'out']
    if entry == 'analyze_inconsistency.py':
        return ['analyze_inconsistency.py', plain, hostile, hostile, '--out', str(folder / 'x.svg')]
    if entry == 'publish_student.py':
        return ['publish_student.py', hostile, str(folder / 'out.pth')]
    if entry == 'ensemble':
        model = dict(type='EnsembleSegmentor', members=[member])
        return ['test.py', config(folder / 'ensemble.py', model=model), *work]
    changes = {
        'load_from': dict(load_from=hostile),
        'resume': dict(load_from=hostile, resume=True),
        'init_cfg': {'model.init_cfg': dict(type='Pretrained', checkpoint=hostile)},
        'backbone': {'model.backbone.init_cfg': dict(type='Pretrained', checkpoint=hostile)},
        'teacher': {
            'model.semi.teachers': [dict(type='FrozenTeacher', checkpoint=hostile)],
        },
    }[entry]
    return ['train.py', config(folder / f'{entry}.py', **changes), *work]


ENTRIES = [
    'test.py', 'predict.py', 'analyze_inconsistency.py', 'publish_student.py', 'ensemble',
    'load_from', 'resume', 'init_cfg', 'backbone', 'teacher',
]  # fmt: skip


@pytest.mark.parametrize('entry', ENTRIES)
def test_every_entry_refuses(entry, config, tmp_path, marker, attack):
    paths = write(files(str(marker)).items(), tmp_path)
    kinds = ('pointers', 'code', 'nothing') if entry == 'publish_student.py' else ('pointers',)
    for name in kinds:
        tool, *rest = arguments(entry, config, str(paths[name]), tmp_path)
        ended = run_tool(tool, *rest, log=tmp_path / 'log')
        sentence = assert_refused(ended, f'{name}.pth')
        assert ('would run code' in sentence) == (name == 'code')
        attack(f'checkpoint: {entry}')
    assert not list(tmp_path.glob('work/*.pth'))
