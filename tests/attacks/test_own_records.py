# SPDX-License-Identifier: Apache-2.0
"""Records beside data and pseudo-labels that another hand changed."""

import json

import pytest

from mmseg_im.datasets.pseudo_label_files import OLD_QUALITY, QUALITY, Quality
from mmseg_im.datasets.shapes import ShapesDataset
from mmseg_im.errors import UserError
from mmseg_im.files.atomic import write_json
from mmseg_im.files.row_file import write_rows
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


@pytest.mark.parametrize(('row', 'sentence'), [
    ([], 'a: [] stands where an object belongs'),
    (None, "'a' is missing"),
    (dict(draws=1), "'ignored_classes' is missing"),
    (dict(draws=10**9, ignored_classes=[]), "a: {'draws'"),
    (dict(draws=-1, ignored_classes=[]), "a: {'draws'"),
    (dict(draws=1, ignored_classes=[7]), "a: {'draws'"),
])  # fmt: skip
@pytest.mark.parametrize('old', [False, True])
def test_quality_of_another_shape(tmp_path, attack, row, sentence, old):
    rows = {} if row is None else dict(a=row)
    if old:
        write_json(tmp_path / OLD_QUALITY, dict(images=rows))
    else:
        write_rows(tmp_path / QUALITY, {}, ((n, json.dumps(value)) for n, value in rows.items()))
    attack('JSON of our own: another shape')
    with pytest.raises(UserError, match=r'quality\.(json|sqlite) is damaged') as error:
        Quality(tmp_path, 2)['a']
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
