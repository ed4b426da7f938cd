# SPDX-License-Identifier: Apache-2.0
"""Runs tools/predict.py."""

import sys

import predict
import pytest


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the tool in ``tmp_path``; what it prints, and how it ends."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> str:
        monkeypatch.setattr(sys, 'argv', ['predict.py', *args])
        try:
            predict.main()
        except SystemExit as end:
            return f'{capsys.readouterr().out}\n{end.code}'
        return capsys.readouterr().out

    return run
