# SPDX-License-Identifier: Apache-2.0
"""Pseudo-labels that break while a student learns from them."""

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_im.errors import MissingFileError, UserError
from tests.attacks.rotten import ANY, LABELS
from tests.attacks.test_data_files import restore
from tests.datasets.conftest import MiniCamVid
from tests.datasets.test_pseudo_labeled import Written

# The others are class ids here, or what no writer of pseudo-labels makes.
FITTING = ('half the size', 'turned', 'one row less')


@pytest.mark.parametrize('kind', ['labels', 'masks'])
def test_every_pseudo_label_that_breaks_is_named(tmp_path, attack, kind):
    init_default_scope('mmseg')
    written = Written(MiniCamVid(tmp_path / 'data', (12, 16)), tmp_path / 'pseudo')
    dataset = DATASETS.build(written.cfg())
    dataset.set_epoch(0, 0)  # each pseudo-label once
    path = written.folder / kind / 'u2.png'
    whole = path.read_bytes()
    for name, rot in (ANY | {name: LABELS[name] for name in FITTING}).items():
        if name == 'named pipe':  # whoever opens it waits
            continue
        rot(path)
        with pytest.raises((UserError, MissingFileError)) as refused:
            [dataset[i] for i in range(len(dataset))]
        # of two sizes nobody knows which one is right: label or mask is named
        assert f'/{path.name}' in str(refused.value), f'{name}: {refused.value}'
        assert str(written.folder) in str(refused.value)
        attack(f'pseudo-{kind} broken during the run')
        restore(path, whole)
