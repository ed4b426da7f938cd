# SPDX-License-Identifier: Apache-2.0
"""mmseg_im: semi-supervised segmentation with Inconsistency Masks for MMSegmentation 1.x.

Importing the package registers everything it has into mmseg's own registries, so a config needs
only ``custom_imports = dict(imports=['mmseg_im'])``.
"""

__version__ = '0.1.0'

from . import compat

compat.require_openmmlab()
compat.install_mmcv_ext_placeholder()
compat.reach_spawned_processes()

from . import (  # noqa: E402
    checkpoints,
    datasets,
    engine,
    evaluation,
    files,
    generations,
    inconsistency,
    methods,
    models,
    teachers,
)
from .engine.quiet_log import quiet  # noqa: E402

quiet()
checkpoints.register_loaders()
checkpoints.guard_resume()
files.register_whole_files()

__all__ = [
    '__version__',
    'checkpoints',
    'compat',
    'datasets',
    'engine',
    'evaluation',
    'generations',
    'inconsistency',
    'methods',
    'models',
    'teachers',
]
