# SPDX-License-Identifier: Apache-2.0
"""The files of ``configs/_base_`` on which written configs build, and their copies beside them.

Copies, because MMEngine reads ``package::base`` of OpenMMLab's own packages only, and a path breaks
when folder or installation move.
"""

import shutil
from pathlib import Path

from ..errors import UserError
from .network_choices import NETWORKS

BASE_FOLDER = '_base_'
BASES = (
    'own_data/supervised.py',
    'own_data/fixmatch-im.py',
    'datasets/weak_strong_views.py',
    'default_runtime.py',
    'generations.py',
)


def bases(network: str) -> tuple[str, ...]:
    """The files below ``configs/_base_`` on which the configs with a network build."""
    return (*BASES, NETWORKS[network].model, NETWORKS[network].schedule)


def copy_bases(folder: Path, network: str) -> None:
    """Copies the bases into ``_base_`` of a folder.

    Args:
        folder (Path): Where the configs are written.
        network (str): Name in :data:`~.network_choices.NETWORKS`.

    Raises:
        UserError: If this installation of the package lacks its configs.
    """
    for name in bases(network):
        source = configs() / BASE_FOLDER / name
        if not source.is_file():
            raise UserError(
                f'{source} is missing: this installation of mmseg_im lacks its configs. Install it '
                'again, from a wheel or with pip install -e of the whole repository.'
            )
        target = folder / BASE_FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def configs() -> Path:
    """The folder of the package's configs: that of a wheel, otherwise that of the repository."""
    package = Path(__file__).resolve().parents[1]
    installed = package / '.mim' / 'configs'
    return installed if installed.is_dir() else package.parent / 'configs'
