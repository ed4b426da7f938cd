# SPDX-License-Identifier: Apache-2.0
"""Indices of pseudo-labels that another hand or another program made."""

import contextlib
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from mmseg_im.datasets.damaged_labels import first_damage
from mmseg_im.datasets.pseudo_label_files import INDEX, INDEX_ROW, read_index
from mmseg_im.files.row_file import write_rows
from tests.evaluation.test_pseudo_label_writer import sample, write


@pytest.fixture
def labels(tmp_path) -> Path:
    """A folder of whole pseudo-labels."""
    write(tmp_path, [sample(f'{i}.png', i) for i in range(5)])
    assert first_damage(tmp_path) is None
    return tmp_path


def write_index(labels: Path, head: dict, rows: dict) -> None:
    write_rows(labels / INDEX, head, ((name, json.dumps(row)) for name, row in rows.items()))


def test_names_and_rows_of_another_shape(labels, attack):
    index = read_index(labels)
    head, rows = index.head, dict(index)
    for bad in ('../x', '/x', 'a\\..\\..\\x', 'x\0', 'x' * 300):
        write_index(labels, head, {**rows, bad: rows['1']})
        assert f'{INDEX} is damaged' in first_damage(labels)
    for key in INDEX_ROW:
        row = {k: v for k, v in rows['1'].items() if k != key}
        write_index(labels, head, {'1': row})
        assert f'{key!r} is missing' in first_damage(labels)
    attack('index of labels: another shape', 5 + len(INDEX_ROW))


@pytest.mark.parametrize(('command', 'sentence'), [
    ('CREATE TABLE other (value TEXT)', 'it holds other tables'),
    ('DROP TABLE rows; CREATE VIEW rows AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 '
     "FROM n) SELECT CAST(i AS TEXT) AS name, '{}' AS value FROM n", 'it holds other tables'),
    ('UPDATE rows SET value = 3', '0: 3 stands where an object belongs'),
    ('UPDATE rows SET value = zeroblob(9)', 'no text'),
    ("UPDATE rows SET value = '{'", 'damaged'),
    ("UPDATE rows SET value = replace(value, '\"masked\": ', '\"masked\": NaN, \"x\": ')", 'NaN'),
    ("UPDATE rows SET name = CAST(x'ff' AS TEXT) WHERE name = '1'", 'damaged'),
    ("UPDATE head SET value = '{}'", "'classes' is missing"),
    ('DELETE FROM head', 'damaged'),
    ('INSERT INTO head SELECT value FROM head', 'damaged'),
])  # fmt: skip
def test_what_another_program_made(labels, attack, command, sentence):
    """Nothing in it runs, and nothing but text is taken from it."""
    with contextlib.closing(sqlite3.connect(labels / INDEX)) as connection:
        connection.executescript(command)
    attack('index of labels: another shape')
    found = first_damage(labels)
    assert f'{INDEX} is damaged' in found and sentence in found


def test_flipped_bits(labels, attack):
    """What is wrong is said, or nothing that is read is wrong: no other exception."""
    path = labels / INDEX
    content = path.read_bytes()
    for at in np.linspace(0, 1, 400, endpoint=False):
        changed = bytearray(content)
        changed[int(at * len(content))] ^= 4
        path.write_bytes(bytes(changed))
        found = first_damage(labels)
        assert found is None or INDEX in found or 'does not exist' in found
    attack('index of labels: flipped bits', 400)
