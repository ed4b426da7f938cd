# SPDX-License-Identifier: Apache-2.0
"""The stopwatch of the loader's benchmark."""

import time

import pytest
from benchmarks.data import Stopwatch, pipelines
from mmcv.transforms import BaseTransform, Compose, RandomApply
from mmengine import Config

from mmseg_im.errors import UserError
from tests.conftest import ROOT


class Sleep(BaseTransform):
    def __init__(self, seconds):
        self.seconds = seconds

    def transform(self, results):
        time.sleep(self.seconds)
        return results


class Outer(Sleep):
    """Sleeps itself, and holds a pipeline as MultiView does."""

    def __init__(self):
        super().__init__(0.01)
        self.views = dict(one=Compose([Sleep(0.05)]), two=RandomApply(Sleep(0.05), prob=1.0))

    def transform(self, results):
        for view in self.views.values():
            view(results)
        return super().transform(results)


def test_time_inside_counts_once():
    pipeline = Compose([Outer(), Sleep(0.0)])
    watch = Stopwatch(pipeline)
    pipeline({})
    assert set(watch.seconds) >= {'Outer', 'Sleep'}
    assert watch.seconds['Sleep'] >= 0.1
    assert 0.01 <= watch.seconds['Outer'] < watch.seconds['Sleep']


def test_pipelines_are_found():
    def load(path):
        return Config.fromfile(ROOT / 'configs' / path)

    semi = load('unimatch/unimatch_unet-half_1xb4-25e_camvid-1_8-160x120.py')
    found = pipelines(semi)
    assert list(found) == ['labeled', 'unlabeled']
    assert all(t['type'] != 'LoadHiddenAnnotations' for t in found['unlabeled'])
    single = load('supervised/supervised_r50-d16-deeplabv3plus_2xb4-80e_camvid-1_8-480x360.py')
    assert list(pipelines(single)) == ['all']
    single.train_dataloader.dataset = dict(type='Other')
    with pytest.raises(UserError, match='no pipeline'):
        pipelines(single)
