# SPDX-License-Identifier: Apache-2.0
"""Words of messages that depend on a number."""

import pytest

from mmseg_im.errors.wording import counted, listed

pytestmark = pytest.mark.fast


def test_counts_and_lists():
    assert counted(1, 'file of a', 'files of a') == '1 file of a' and counted(2, 'b') == '2 bs'
    names = [*map(str, range(12))]
    assert listed(names[:10]) == '0, 1, 2, 3, 4, 5, 6, 7, 8, 9'
    assert listed(names) == '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more'
    assert listed(names, 1) == '0 and 11 more'
