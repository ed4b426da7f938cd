# SPDX-License-Identifier: Apache-2.0
"""Publishing weights leaves a file that is already there."""

import sys

import pytest
import torch

from tools import publish_student


def test_a_file_that_is_there_is_not_replaced(tmp_path, monkeypatch, capsys):
    source, output = tmp_path / 'epoch_1.pth', tmp_path / 'net.pth'
    torch.save(dict(state_dict={'backbone.weight': torch.ones(2)}, meta={}), source)
    monkeypatch.setattr(sys, 'argv', ['publish_student.py', str(source), str(output)])
    publish_student.main()
    before = output.read_bytes()
    with pytest.raises(SystemExit) as stop:
        publish_student.main()
    said = f'{stop.value}{capsys.readouterr().err}'
    assert f'{output} is there already. Remove it' in said
    assert output.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said_first(tmp_path, monkeypatch, capsys):
    (tmp_path / 'file').touch()
    output = tmp_path / 'file/x/net.pth'
    monkeypatch.setattr(sys, 'argv', ['publish_student.py', 'none.pth', str(output)])
    with pytest.raises(SystemExit) as stop:
        publish_student.main()
    assert f'{output} cannot be written' in f'{stop.value}{capsys.readouterr().err}'
