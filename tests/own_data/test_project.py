# SPDX-License-Identifier: Apache-2.0
"""What is written: whole or not at all, once, with disjoint lists."""

import numpy as np
import pytest

from mmseg_im.errors import UserError
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.project import default_name, write_project
from mmseg_im.own_data.split_files import write_lists
from mmseg_im.own_data.survey import survey
from mmseg_im.own_data.written_configs import training_config
from tests.own_data.conftest import SIZE, VAL, save


def test_a_second_run_and_other_content(folders, tmp_path):
    images, masks = folders()
    plan = make_plan(survey(images, masks), VAL)
    out = tmp_path / 'out'
    assert write_project(plan, out, 'mine')
    before = {path: path.read_bytes() for path in out.rglob('*') if path.is_file()}
    assert not write_project(make_plan(survey(images, masks), VAL), out, 'mine')
    assert before == {path: path.read_bytes() for path in out.rglob('*') if path.is_file()}
    (out / 'mine.py').write_text('edited = 1\n')
    with pytest.raises(UserError, match='exists with other content .mine.py differs'):
        write_project(plan, out, 'mine')
    assert (out / 'mine.py').read_text() == 'edited = 1\n'
    assert {path.name for path in tmp_path.iterdir()} == {'out', 'photos', 'masks'}


def test_a_failure_leaves_nothing(folders, tmp_path, monkeypatch):
    plan = make_plan(survey(*folders()), VAL)

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('mmseg_im.own_data.project._text', full)
    with pytest.raises(UserError, match='No space left'):
        write_project(plan, tmp_path / 'out', 'mine')
    assert {path.name for path in tmp_path.iterdir()} == {'photos', 'masks'}


def test_val_is_disjoint_and_holds_every_class(folders):
    plan = make_plan(survey(*folders()), VAL)
    assert len(plan.splits.val) == 2 and len(plan.splits.labeled[0]) == 4
    assert not {*plan.splits.val, *plan.splits.labeled[0]} & {*plan.unlabeled}
    assert 'scale = (64, 48)' in training_config(plan.facts, 'mine')
    plan = make_plan(survey(*folders()), VAL, size=(40, 80))
    assert 'crop_size = (32, 80)' in training_config(plan.facts, 'mine')


@pytest.mark.parametrize(
    ('path', 'name'), [('a/my set/images', 'my_set'), ('Zellen ö', 'Zellen_ö'), ('a/#', 'mine')]
)
def test_default_names(path, name, tmp_path):
    assert default_name(tmp_path / path) == name


def test_leftovers_of_killed_runs_are_swept(folders, tmp_path):
    plan = make_plan(survey(*folders()), VAL)
    save(tmp_path / '.out.0123.tmp/images/a.png', np.zeros(SIZE, np.uint8))
    assert write_project(plan, tmp_path / 'out', 'mine')
    assert {path.name for path in tmp_path.iterdir()} == {'out', 'photos', 'masks'}
    (tmp_path / 'out/.labeled.txt.0123.tmp').write_text('half')
    write_lists(tmp_path / 'out', {'labeled.txt': plan.splits.labeled[0]})
    assert not list((tmp_path / 'out').glob('.*'))
