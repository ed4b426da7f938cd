# SPDX-License-Identifier: Apache-2.0
"""The name of a config says what it is, and each says whether it was trained here."""

import re

import pytest
from mmengine import Config

from tests.conftest import ROOT, dicts
from tests.test_metafiles import MODELS_WITH_NUMBERS

CONFIGS = sorted(
    path.relative_to(ROOT / 'configs')
    for path in (ROOT / 'configs').glob('*/*.py')
    if path.parent.name not in ('_base_', 'demo') and not path.stem.startswith('write_')
)
NAME = re.compile(
    r'(?P<method>[a-z0-9-]+)_(?P<network>[a-z0-9-]+)_(?P<devices>\d+)xb(?P<batch>\d+)-'
    r'(?P<epochs>\d+)e_(?P<data>[a-z0-9-]+?(-1_\d+)?)-(?P<size>\d+x\d+)'
)
DATA = dict(
    CamVidDataset='camvid', CityscapesDataset='cityscapes', PascalVOCDataset='voc',
    ADE20KDataset='ade20k', ShapesDataset='shapes', HeLaDataset='hela', ISIC2018Dataset='isic2018',
    SUIMDataset='suim', MultiLabelDataset='wbc', BaseSegDataset='wbc-binary',
)  # fmt: skip
ROWS_OF_GENERATIONS = ('labeled-only-strong', 'consistency', 'evalnet', 'im', 'im-plus',
                       'im-plus-plus', 'aim-plus', 'aim-plus-plus')  # fmt: skip


@pytest.mark.parametrize('path', CONFIGS, ids=str)
def test_every_part_of_a_name(path):
    cfg = Config.fromfile(ROOT / 'configs' / path)
    name = NAME.fullmatch(path.stem)
    assert name, path
    assert_method(name['method'], path.parts[0], cfg)
    assert name['network'] == network_of(cfg.model)
    batch = cfg.train_dataloader.batch_size
    assert int(name['batch']) == batch
    total = cfg.get('auto_scale_lr', {}).get('base_batch_size', batch)
    assert int(name['devices']) * batch == total
    assert int(name['epochs']) == cfg.train_cfg.max_epochs
    lists = {node.get('ann_file') or '' for node in dicts(cfg.train_dataloader)}
    splits = {m[1] for m in (re.fullmatch(r'splits/(1_\d+)/labeled.txt', f) for f in lists) if m}
    data = DATA[cfg.val_dataloader.dataset.type]
    assert name['data'] == '-'.join([data, *splits])
    if data == 'camvid':  # the whole image, width first; crops are a little smaller
        (scale,) = {tuple(n['scale']) for n in dicts(cfg.train_dataloader) if 'scale' in n}
        assert name['size'] == '{}x{}'.format(*scale)
    else:
        assert name['size'] == '{}x{}'.format(*cfg.model.data_preprocessor.size)


def assert_method(method: str, folder: str, cfg: Config) -> None:
    """The folder of online methods is theirs; -im says that there is a mask, and only then."""
    semi = cfg.model.get('semi')
    if folder == 'generational':
        assert cfg.runner_type == 'GenerationalRunner'
        if method not in ROWS_OF_GENERATIONS:  # im-METHOD: a method in every training
            kind = method.removeprefix('im-').replace('-', '')
            assert kind == (semi.type.lower() if semi else 'supervised')
        return
    assert method.removesuffix('-frozen').removesuffix('-im') == folder.replace('_', '-')
    assert ('im' in method.split('-')) == bool(semi and semi.get('im'))
    assert (semi.type.lower() if semi else 'supervised') == folder.replace('_', '')
    frozen = semi and any(t['type'] == 'FrozenTeacher' for t in semi.get('teachers', []))
    assert method.endswith('-frozen') == bool(frozen)


def network_of(model: dict) -> str:
    """Backbone and head; the small U-Nets by their name alone."""
    backbone, head = model['backbone'], model['decode_head']['type']
    if backbone['type'] == 'ResNetV1c':
        stride = 4  # of the stem
        for step in backbone['strides']:
            stride *= step
        assert head == 'DepthwiseSeparableASPPHead'
        return f'r{backbone["depth"]}-d{stride}-deeplabv3plus'
    if backbone['type'] == 'DINOv2':
        assert head == 'UniMatchDPTHead'
        return f'dinov2-{backbone["arch"]}-dpt'
    if backbone['type'] == 'EfficientNetLite':
        assert (model['neck']['type'], head) == ('FPN', 'FPNHead')
        return f'{backbone["arch"]}-fpn'
    assert head == 'FCNHead'
    if backbone['type'] == 'AdditiveUNet':
        return 'unet-additive'
    assert backbone['type'] == 'UNet'
    return 'unet-half' if backbone.get('strides', (1,))[0] == 2 else 'unet-small'


@pytest.mark.parametrize('path', CONFIGS, ids=str)
def test_has_numbers_or_says_that_it_was_never_trained(path):
    first = (ROOT / 'configs' / path).read_text(encoding='utf-8').splitlines()[0]
    assert first.startswith('# ')
    trained = f'configs/{path.as_posix()}' in MODELS_WITH_NUMBERS
    assert first.startswith('# Never trained here') != trained


def test_no_two_configs_are_the_same_file():
    files = list((ROOT / 'configs').rglob('*.py'))
    assert len({path.read_bytes() for path in files}) == len(files)


def test_every_config_that_a_page_or_a_tool_names_exists():
    pages = [ROOT / 'README.md', *(ROOT / 'docs').glob('*.md'), *ROOT.glob('configs/*/*.md')]
    name = re.compile(r'(?:projects/im_study/)?configs/[\w/.-]+\.py\b')
    named = {
        (page.name, path)
        for page in [*pages, *(ROOT / 'tools').rglob('*.py'), *(ROOT / 'projects').rglob('*.py')]
        for path in name.findall(page.read_text(encoding='utf-8'))
        if not re.search('CONFIG|DATA|METHOD|NAME', path)
    }
    assert len(named) > 30
    assert not [where for where in named if not (ROOT / where[1]).is_file()]
