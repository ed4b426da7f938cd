# SPDX-License-Identifier: Apache-2.0
"""``init_cfg=dict(type='Pretrained', ...)`` that refuses a file which does not fit."""

from mmengine.logging import print_log
from mmengine.model import PretrainedInit
from mmengine.runner.checkpoint import CheckpointLoader, load_state_dict
from mmseg.registry import WEIGHT_INITIALIZERS
from torch import nn

from ..errors import UserError
from .comparing import tensors_of, without_prefix
from .fitting import INIT, fitted


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class CheckedPretrainedInit(PretrainedInit):
    """mmengine's initializer, which only logs what does not fit, with the rules of ``INIT``.

    It stands under mmengine's name in mmseg's registry, where every module of a config finds it.

    Args:
        checkpoint (str): Path or URL.
        prefix (str, optional): Of the keys to take.
        map_location (str): Where to load it.
    """

    def __call__(self, module: nn.Module) -> None:
        """Loads the file into a module, a segmentor or a part of one.

        Raises:
            UserError: If it does not fit.
        """
        name = f'init_cfg of {type(module).__name__}: {self.checkpoint}'
        content = CheckpointLoader.load_checkpoint(self.checkpoint, self.map_location, 'current')
        weights = tensors_of(content)
        if self.prefix is not None:
            below = without_prefix(weights, self.prefix)
            if not below:
                found = ', '.join(sorted({key.partition('.')[0] for key in weights})[:8])
                raise UserError(
                    f'{name} has no key that begins with prefix={self.prefix!r}. Its keys begin '
                    f'with {found}.'
                )
            weights = below
        load_state_dict(module, fitted(weights, module, name, INIT), strict=True)
        print_log(f'{name} is loaded.', logger='current')
        if hasattr(module, '_params_init_info'):
            self._record(module)

    def _record(self, module: nn.Module) -> None:
        from mmengine.model.weight_init import update_init_info

        update_init_info(module, init_info=self._get_init_info())
