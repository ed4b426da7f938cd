# SPDX-License-Identifier: Apache-2.0
"""The config in a checkpoint is data: its values come out as mmengine wrote them, no code runs."""

import pytest
from mmengine.config import Config

from mmseg_im.deploy.recorded_config import recorded_config
from mmseg_im.deploy.trained_size import remarks, trained_size
from mmseg_im.errors import UserError
from tests.conftest import ROOT, tiny_model

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    'name',
    [
        'fixmatch/fixmatch-im_r50-d16-deeplabv3plus_4xb2-80e_voc-321x321.py',
        'segkc/segkc-im_dinov2-s-dpt_4xb2-180e_cityscapes-798x798.py',
        'demo/im_generations_shapes.py',
    ],
)
def test_what_mmengine_writes_is_read(name):
    cfg = Config.fromfile(ROOT / 'configs' / name)
    read = recorded_config(dict(cfg=cfg.pretty_text), 'x.pth')
    assert read.test_dataloader == cfg.test_dataloader
    assert read.train_dataloader == cfg.train_dataloader
    assert read.model.decode_head == cfg.model.decode_head
    assert 'semi' not in read.model and 'init_cfg' not in read.model.backbone


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = __import__("os").system("touch {})")', 'line 1 calls a function'),
        ('model = dict(type="SemiSegmentor", a=open("{}", "w"))', 'line 1 calls a function'),
        ('import os\nmodel = dict()', 'line 1 is no assignment'),
        ('model = dict(**a)', 'holds \\*\\*'),
        ('model = dict(type="os.system", command="touch {}")', "'os.system', which is not regist"),
        ('model = dict(type="SemiSegmentor", backbone=dict(type="os.mkdir", path="{}"))', 'os.mk'),
        ('model = dict(type=[1])', 'not registered'),
        ('model = 3', 'cannot be read'),
        ('other = 3', 'cannot be read'),
        ('model = (', 'cannot be read'),
        (None, 'does not carry its config'),
    ],
)
def test_what_would_run_code_is_refused(tmp_path, text, message):
    made = tmp_path / 'made'
    with pytest.raises(UserError, match=message) as caught:
        recorded_config(dict(cfg=text and text.format(made)), 'x.pth')
    assert 'x.pth' in str(caught.value) and '--config CONFIG' in str(caught.value)
    assert not made.exists()


def test_remarks_say_what_the_graph_does_not_do():
    model = tiny_model()
    model['test_cfg'] = dict(mode='slide', crop_size=(64, 80), stride=(32, 40))
    steps = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(90, 70), keep_ratio=True)]
    cfg = Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=steps))))
    crops, resize, window = remarks(cfg)
    assert crops == 'Trained on crops of 32x32 (height x width).'
    assert 'Resize(scale=(90, 70), keep_ratio=True), and the graph does not' in resize
    assert 'windows of 64x80 with stride 32x40; the graph holds one pass' in window
    assert trained_size(cfg) == (32, 32)


def test_the_size_of_training_may_be_that_of_the_crops():
    model = tiny_model()
    model['data_preprocessor'].pop('size')
    crop = dict(type='RandomCrop', crop_size=(40, 50))
    cfg = Config(dict(model=model, train_dataloader=dict(dataset=dict(labeled=dict(a=[crop])))))
    assert trained_size(cfg) == (40, 50)
    assert trained_size(Config(dict(model=model))) is None
