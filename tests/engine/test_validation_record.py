# SPDX-License-Identifier: Apache-2.0
"""Which validations are due, and what may stand in their record."""

from types import SimpleNamespace

import pytest
from mmengine.runner import EpochBasedTrainLoop

from mmseg_im.engine.hooks.validation_record import read_record, validation_is_due
from mmseg_im.errors import UserError


@pytest.mark.parametrize(
    ('now', 'due'), [(0, False), (2, False), (3, False), (4, True), (5, True), (6, True), (7, True)]
)
def test_when_a_validation_is_due(now, due):
    """Every second epoch from the third on, every epoch from the fifth on, and the last."""

    class Loop(EpochBasedTrainLoop):
        def __init__(self):
            self._epoch, self._max_epochs, self.val_begin, self.val_interval = now, 7, 3, 2
            self.dynamic_milestones, self.dynamic_intervals = [0, 6], [2, 1]

    runner = SimpleNamespace(train_loop=Loop(), val_loop=object())
    assert validation_is_due(runner, now) == due
    runner.val_loop = None
    assert not validation_is_due(runner, now)


@pytest.mark.parametrize(
    'content', ['[]', '{}', '{"validations": []}', '{"validations": {"a": {}}}', '{"validations":',
                '{"validations": {"1": 3}}', '{"validations": {"1": {"mIoU": [1]}}}'],
)  # fmt: skip
def test_a_record_of_another_shape(tmp_path, content):
    path = tmp_path / 'validation.json'
    path.write_text(content)
    with pytest.raises(UserError, match=r'validation\.json is (damaged|no record)'):
        read_record(path)
