# SPDX-License-Identifier: Apache-2.0
"""Lets ``pytest -m fast`` read only files with fast tests: others parse every config first."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out the test files that do not name the mark."""
    if config.option.markexpr == 'fast' and collection_path.name.startswith('test_'):
        return 'pytest.mark.fast' not in collection_path.read_text(encoding='utf-8') or None
    return None
