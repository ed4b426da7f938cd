# SPDX-License-Identifier: Apache-2.0
"""Images that are labeled and unlabeled at once are counted in one warning."""

import logging
import re

import pytest
from mmengine.logging import MMLogger

from mmseg_im.datasets import SemiDataset
from tests.datasets.conftest import naming


@pytest.fixture
def warnings_of(caplog):
    """``(labeled, unlabeled) -> list[str]``: what ``SemiDataset`` warns of."""
    # mmengine's logger hands nothing on to Python's root logger, where pytest listens
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)

    def warnings_of(labeled: dict, unlabeled: dict) -> list[str]:
        caplog.clear()
        SemiDataset(labeled, unlabeled)
        return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]

    yield warnings_of
    logger.removeHandler(caplog.handler)


def test_images_in_both_lists_are_counted(mini, warnings_of):
    mini.write_list('unlabeled', ['u0', 'l2', 'u1', 'l1', 'u2'])
    (warning,) = warnings_of(mini.cfg('labeled'), mini.cfg('unlabeled'))
    assert re.search(naming('2 of 5 unlabeled images', mini.image('l1')), warning)


def test_disjoint_lists_give_no_warning(mini, warnings_of):
    assert warnings_of(mini.cfg('labeled'), mini.cfg('unlabeled')) == []
