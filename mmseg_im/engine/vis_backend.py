# SPDX-License-Identifier: Apache-2.0
"""Writes panels, pictures of predictions and numbers to files, and for TensorBoard."""

import os.path as osp

import mmengine.visualization
import numpy as np
from mmengine.visualization.vis_backend import force_init_env
from mmseg.registry import VISBACKENDS

from ..errors import UserError
from ..files.atomic import write_aside, write_png


# in mmseg's registry under mmengine's name, so that every config with this backend has it
@VISBACKENDS.register_module()
class LocalVisBackend(mmengine.visualization.LocalVisBackend):
    """mmengine's backend, but a picture that cannot be written is an error.

    OpenCV only returns False. A name may hold folders: these are made.
    """

    @force_init_env
    def add_config(self, config, **kwargs) -> None:
        """Writes the config."""
        write_aside(self._config_save_file, config.pretty_text.encode())

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs) -> None:
        """Writes an (H, W, 3) uint8 RGB array as ``NAME_STEP.png``."""
        write_png(osp.join(self._img_save_dir, f'{name}_{step}.png'), image[..., ::-1])


@VISBACKENDS.register_module()
class PictureVisBackend(mmengine.visualization.BaseVisBackend):
    """Writes pictures as ``save_dir/NAME.png``, and nothing else."""

    @property
    def experiment(self) -> 'PictureVisBackend':
        """PictureVisBackend: Itself."""
        return self

    def _init_env(self) -> None:
        pass

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs) -> None:
        """Writes an (H, W, 3) uint8 RGB array."""
        write_png(osp.join(self._save_dir, f'{name}.png'), image[..., ::-1])


@VISBACKENDS.register_module()
class TensorboardVisBackend(mmengine.visualization.TensorboardVisBackend):
    """mmengine's backend, which says in a sentence what it needs."""

    def _init_env(self):
        try:
            return super()._init_env()
        except ImportError as error:
            raise UserError(
                'visualizer.vis_backends: TensorboardVisBackend needs a package that is not '
                'installed: pip install tensorboard'
            ) from error
