# SPDX-License-Identifier: Apache-2.0
"""The configs of the package on which a written config builds, copied beside it.

A config in a folder of the user cannot name a base of the package: mmengine reads ``package::base``
of OpenMMLab's own packages only, and a path breaks when folder or installation move.
"""

import shutil
from pathlib import Path

from ..errors import UserError

FOLDER = '_base_'
NAMES = (
    'own_data/supervised.py',
    'own_data/fixmatch-im.py',
    'datasets/weak_strong_views.py',
    'models/unet_half.py',
    'schedules/adamw_20e.py',
    'default_runtime.py',
    'generations.py',
)


def copy_bases(folder: Path) -> None:
    """Copies the bases into ``_base_`` of a folder.

    Raises:
        UserError: If this installation of the package lacks its configs.
    """
    for name in NAMES:
        source = configs() / FOLDER / name
        if not source.is_file():
            raise UserError(
                f'{source} is missing: this installation of mmseg_im lacks its configs. Install it '
                'again, from a wheel or with pip install -e of the whole repository.'
            )
        target = folder / FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def configs() -> Path:
    """The folder of the package's configs: that of a wheel, otherwise that of the repository."""
    package = Path(__file__).resolve().parents[1]
    installed = package / '.mim' / 'configs'
    return installed if installed.is_dir() else package.parent / 'configs'
