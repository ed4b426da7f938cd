# SPDX-License-Identifier: Apache-2.0
"""What a JSON file holds, compared with what it should hold; and how it is read."""

import json

import pytest

from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.files.atomic import read_json
from mmseg_im.files.json_shape import shape_error

SHAPE = dict(name=str, values=[float], by_epoch={int: {str: (float, None)}})
GOOD = dict(name='a', values=[1, 2.5], by_epoch={'1': dict(mIoU=None)}, more=[])


def test_what_fits():
    assert shape_error(GOOD, SHAPE) is None
    assert shape_error(dict(GOOD), SHAPE | {'note?': str}) is None
    assert shape_error([[], {}, None], [object]) is None


@pytest.mark.parametrize(('change', 'error'), [
    (dict(name=3), 'name: 3 stands where text belongs'),
    (dict(name='\ud800'), r"name: '\ud800' stands where text belongs"),
    (dict(values={}), 'values: {} stands where a list belongs'),
    (dict(values=[1.0, True]), 'values.1: True stands where a number belongs'),
    (dict(values=[float('nan')]), 'values.0: nan stands where a number belongs'),
    (dict(values=[10**400]), 'values.0: 1000'),
    (dict(by_epoch=[1]), 'by_epoch: [1] stands where an object belongs'),
    (dict(by_epoch={'-1': {}}), "by_epoch: '-1' is no whole number"),
    (dict(by_epoch={'²': {}}), "by_epoch: '²' is no whole number"),
    (dict(by_epoch={'1': dict(mIoU='x')}), "by_epoch.1.mIoU: 'x' stands where a number belongs"),
    (dict(by_epoch={'1': {'\udcff': 1}}), 'is no Unicode text'),
    (dict(note=3), 'note: 3 stands where text belongs'),
])  # fmt: skip
def test_what_does_not_fit(change, error):
    assert error in shape_error(GOOD | change, SHAPE | {'note?': str})


def test_what_is_missing():
    assert shape_error(dict(a=dict(b=1)), dict(a=dict(b=int, c=int))) == "a: 'c' is missing"
    assert shape_error([], dict(a=int)) == '[] stands where an object belongs'


@pytest.mark.parametrize(('content', 'reason'), [
    (b'', 'Expecting value'),
    (b'{"a": 1, "b": {"c": 2, "c": 3}}', "'c' occurs twice"),
    (b'{"a": NaN}', 'NaN is no number'),
    (b'{"a": 1e999}', 'a: inf stands where a number belongs'),
    (b'[' * 100_000, 'nested too deeply'),
    (b'{"a": ' + b'9' * 5000 + b'}', 'digits'),
    ('{"a": 1}'.encode('utf-16'), 'utf-8'),
    (b'\xef\xbb\xbf{"a": 1}', 'BOM'),
    (bytes(range(256)), 'utf-8'),
])  # fmt: skip
def test_what_is_no_json(tmp_path, content, reason):
    path = tmp_path / 'a.json'
    path.write_bytes(content)
    with pytest.raises(UserError, match=r'a\.json is damaged .*\. Delete it\.') as error:
        read_json(path, dict(a=float), 'Delete it.')
    assert reason in str(error.value)


def test_what_is_no_file(tmp_path):
    with pytest.raises(MissingFileError, match='a.json does not exist'):
        read_json(tmp_path / 'a.json')
    with pytest.raises(UserError, match='is damaged .*directory'):
        read_json(tmp_path)
    with open(tmp_path / 'huge.json', 'wb') as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match='larger than 1024 MiB'):
        read_json(tmp_path / 'huge.json')


def test_what_is_written_is_read(tmp_path):
    (tmp_path / 'a.json').write_text(json.dumps(GOOD))
    assert read_json(tmp_path / 'a.json', SHAPE) == GOOD
