# SPDX-License-Identifier: Apache-2.0
"""docs/write_a_method.md does what it says: its method, config and test are run as they stand."""

import os
import re
import subprocess
import sys

from tests.conftest import ROOT


def test_the_page_from_its_first_to_its_last_line(tmp_path):
    page = (ROOT / 'docs' / 'write_a_method.md').read_text(encoding='utf-8')
    method, config, test = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    assert len(method.partition('@MODELS')[2].splitlines()) <= 30
    (tmp_path / 'my_method.py').write_text(method)
    (tmp_path / 'my_config.py').write_text(config)
    (tmp_path / 'test_my_method.py').write_text(test)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_my_method.py'],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and '1 passed' in done.stdout, done.stdout + done.stderr
