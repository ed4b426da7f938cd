# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: what mmengine does in every tiny run, at less cost."""

import contextlib
import copy
import gc
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine import Config

with contextlib.suppress(ImportError):  # without the extra, tests of jobs are skipped
    import submitit  # noqa: F401 - configures logging, which closes the log files of all loggers

CONFIGS = Path(__file__).parents[1] / 'configs'
MEMORY, NEEDED = Path('/dev/shm'), 4 * 2**30  # bytes

if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > NEEDED:
    # Thousands of checkpoints and images that are synchronised with a disk and removed again.
    os.environ.setdefault('PYTEST_DEBUG_TEMPROOT', str(MEMORY))


@pytest.fixture(scope='session', autouse=True)
def cheap_collection():
    """mmengine collects garbage whenever it builds a data set: leaves that to Python.

    Whose collections skip what was imported.
    """
    gc.collect()
    gc.freeze()
    patch = pytest.MonkeyPatch()
    patch.setattr('mmengine.dataset.base_dataset.gc', SimpleNamespace(collect=lambda: 0))
    yield
    patch.undo()
    gc.unfreeze()


@pytest.fixture(scope='session', autouse=True)
def plain_config_text():
    """Lets mmengine write configs without yapf, which takes most of the time of a tiny run."""
    patch = pytest.MonkeyPatch()
    for module in ('mmengine.config.config', 'yapf.yapflib.yapf_api'):
        patch.setattr(f'{module}.FormatCode', lambda text, **_: (text, True), raising=False)
    yield
    patch.undo()


@pytest.fixture(scope='session', autouse=True)
def shipped_configs_parsed_once():
    """Lets mmengine keep what it parsed in configs/: hundreds of tests read the same bases."""
    parse, found = Config._file2dict, {}

    def parse_once(filename, *args, **kwargs):
        path = Path(filename).absolute()
        if CONFIGS not in path.parents:
            return parse(filename, *args, **kwargs)
        key = (path, args, *kwargs.items())
        if key not in found:
            found[key] = parse(filename, *args, **kwargs)
        return copy.deepcopy(found[key])

    patch = pytest.MonkeyPatch()
    patch.setattr(Config, '_file2dict', staticmethod(parse_once))
    yield
    patch.undo()
