# SPDX-License-Identifier: Apache-2.0
"""What the attacks share: the marker that code from a file would leave, and a count by kind."""

from pathlib import Path

import pytest


@pytest.fixture
def marker(tmp_path) -> Path:
    """A file that exists only if code from a hostile file ran."""
    path = tmp_path / 'marker'
    yield path
    assert not path.exists(), 'code from the file was executed'


@pytest.fixture
def attack(request, marker):
    """Counts the attack under a kind, for the list at the end: ``attack('zip bomb')``."""

    def count(kind: str, number: int = 1) -> None:
        request.node.user_properties.append(('attack', (kind, number)))

    return count
