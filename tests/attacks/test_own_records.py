# SPDX-License-Identifier: Apache-2.0
"""Records beside data and pseudo-labels that another hand changed."""

import pytest

from mmseg_im.datasets.pseudo_label_files import read_quality
from mmseg_im.datasets.shapes import ShapesDataset
from mmseg_im.errors import UserError
from mmseg_im.files.atomic import write_json
from tests.attacks.converting import GOOD
from tests.conversion.archives import write_folder
from tests.tool_runs import assert_refused, run_tool

BROKEN = {
    'empty': b'',
    'a list': b'[]',
    'an empty object': b'{}',
    'null': b'null',
    'a number': b'3',
    'text': b'"stages"',
    'NaN': b'{"config": {}, "stages": {"generation_0/labels": {"pseudo/masked": NaN}}}',
    'nested deeply': b'[' * 100_000,
    'a key twice': b'{"config": {}, "stages": {}, "stages": {}}',
    'UTF-16': '{"config": {}, "stages": {}}'.encode('utf-16'),
    'binary': bytes(range(256)),
    'a number of 5000 digits': b'9' * 5000,
    'half': b'{"config": {}, "sta',
}


@pytest.mark.parametrize(('rows', 'sentence'), [
    ([], 'images: [] stands where an object belongs'),
    ({}, "'a' is missing"),
    ({'a': dict(draws=1)}, "'ignored_classes' is missing"),
    ({'a': dict(draws=10**9, ignored_classes=[])}, 'images.a'),
    ({'a': dict(draws=-1, ignored_classes=[])}, 'images.a'),
    ({'a': dict(draws=1, ignored_classes=[7])}, 'images.a'),
])  # fmt: skip
def test_quality_of_another_shape(tmp_path, attack, rows, sentence):
    write_json(tmp_path / 'quality.json', dict(images=rows))
    attack('JSON of our own: another shape')
    with pytest.raises(UserError, match=r'quality\.json is damaged') as error:
        read_quality(tmp_path, dict(images=dict(a={}), classes=['x', 'y']))
    assert sentence in str(error.value)


@pytest.mark.parametrize('kind', BROKEN)
def test_the_record_of_a_converter(tmp_path, attack, kind):
    write_folder(tmp_path / 'Dataset 1', GOOD)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'conversion.json').write_bytes(BROKEN[kind])
    attack('JSON of our own: what is none')
    ended = run_tool(
        'dataset_converters/wbc.py', tmp_path / 'Dataset 1', '--out', tmp_path / 'out',
        log=tmp_path / 'log',
    )  # fmt: skip
    assert_refused(ended, str(tmp_path / 'out'), 'Choose another --out')
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['conversion.json']


@pytest.mark.parametrize('kind', BROKEN)
def test_the_record_of_drawn_shapes(tmp_path, attack, kind):
    options = dict(num_train=2, num_labeled=1, num_val=1, size=16, data_root=str(tmp_path / 'data'))
    ShapesDataset(**options, data_prefix=dict(img_path='images/train'), pipeline=[])
    (tmp_path / 'data' / 'shapes.json').write_bytes(BROKEN[kind])
    attack('JSON of our own: what is none')
    with pytest.raises(UserError, match='exists and was not drawn with'):
        ShapesDataset(**options, data_prefix=dict(img_path='images/train'), pipeline=[])
