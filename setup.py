# SPDX-License-Identifier: Apache-2.0
"""Packaging of mmseg_im.

Neither mmsegmentation, mmengine nor mmcv is a hard requirement: two families of distributions
carry these import names and would overwrite each other's files. An extra chooses one.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'mmseg_im' / '__init__.py').read_text())[1]

DEVICE = ['kornia>=0.9']  # model.data_preprocessor.device_views
TESTS = ['pytest', 'pytest-timeout', 'pytest-xdist', 'hypothesis', *DEVICE]

setup(
    name='mmseg_im',
    version=VERSION,
    description='Semi-supervised segmentation with Inconsistency Masks for MMSegmentation 1.x',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmseg_im', 'mmseg_im.*']),
    python_requires='>=3.10',
    install_requires=[
        'numpy',
        'torch>=2.10',  # advisories report holes in loading before; tests/checkpoints
        'opencv-python',
        'filelock>=4.2.11',  # an older one may let forked workers hold the lock of a killed run
        'matplotlib',
        'pillow',
        'prettytable',
        'rich',
    ],
    extras_require={
        'openmmlab': [
            'mmsegmentation==1.2.2',
            'mmengine==0.10.7',
            'mmcv-lite==2.1.0',
            'ftfy',
            'regex',
        ],
        'onedl': ['onedl-mmsegmentation[mminstall]>=1.4'],
        'device': DEVICE,
        'tests': TESTS,
        'dev': [*TESTS, 'ruff'],
    },
)
