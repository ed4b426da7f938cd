# SPDX-License-Identifier: Apache-2.0
"""A report names the metric by which a run chose, and invents none."""

import json

import pytest

from mmseg_im.engine.run_report.run_page import write_run_report
from mmseg_im.engine.run_report.run_results import read_results

pytestmark = pytest.mark.fast


def page(folder, validations: dict, **choice) -> str:
    (folder / 'validation.json').write_text(json.dumps(dict(validations=validations, **choice)))
    return write_run_report(folder).read_text()


def test_the_metric_is_the_recorded_one_or_not_known(tmp_path):
    dice = {'1': {'mDice': 50.0, 'aAcc': 90.0}, '2': {'mDice': 60.0, 'aAcc': 80.0}}
    said = page(tmp_path, dice)
    assert 'Which validation is the best is not known' in said and 'aAcc' not in said
    said = page(tmp_path, dice, metric='mDice', unit='iteration')
    assert '<b>mDice 60.00</b> at iteration 2' in said
    assert read_results(tmp_path).unit == 'iteration'


def test_nan_is_called_nan(tmp_path):
    said = page(tmp_path, {'1': {'mIoU': None}})
    assert '<b>mIoU nan</b> at epoch 1' in said and '-inf' not in said
