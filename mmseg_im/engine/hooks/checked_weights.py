# SPDX-License-Identifier: Apache-2.0
"""Checks the weights of every checkpoint that a Runner loads."""

from mmengine.hooks import RuntimeInfoHook
from mmengine.model import BaseModel, BaseModule, BaseTTAModel, is_model_wrapper
from mmengine.runner import BaseLoop, find_latest_checkpoint
from mmseg.registry import HOOKS
from torch import Tensor

from ...checkpoints.comparing import tensors_of
from ...checkpoints.fitting import INIT, PREDICT, RESUME, START, check, fitted
from ...errors import MissingFileError
from ...models.backbones import EfficientNetLite
from ...models.backbones.efficientnet_packages import weights_file
from ..newest_checkpoint import in_order


# mmengine gives every Runner this hook, looked up in mmseg's registry first: so the check holds
# for all models and for MMSegmentation's own tools, whatever hooks a config names
@HOOKS.register_module(name='RuntimeInfoHook')
class CheckedWeightsHook(RuntimeInfoHook):
    """mmengine's own hook, which in addition refuses checkpoints that do not fit the model.

    mmengine loads what fits, logs the rest, and goes on, if need be with an untrained network.
    """

    def before_run(self, runner) -> None:
        """Also checks the backbones that load their ``init_cfg`` themselves (ViT, Swin ...).

        mmengine loads ``init_cfg`` before every training, also where a checkpoint follows: a
        package of weights that is not installed is not missed there.
        """
        super().before_run(runner)
        follows = runner._load_from or (runner._resume and in_order(runner.work_dir))
        for module in network_of(runner.model).modules():
            if follows and isinstance(module, EfficientNetLite):
                _spare_missing_package(module)
            init_cfg = getattr(module, 'init_cfg', None)
            itself = getattr(type(module), 'init_weights', None) is not BaseModule.init_weights
            if itself and isinstance(init_cfg, dict) and init_cfg.get('type') == 'Pretrained':
                module._register_load_state_dict_pre_hook(_check_init, with_module=True)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Replaces the weights in the checkpoint by those that the model loads; see :func:`fitted`.

        Args:
            runner (Runner): It trains, resumes or tests.
            checkpoint (dict): As read from the file.

        Raises:
            UserError: If it does not fit.
        """
        name = runner._load_from or find_latest_checkpoint(runner.work_dir) or 'The checkpoint'
        use = PREDICT
        if isinstance(runner._train_loop, BaseLoop):  # a config until Runner.train() begins
            use = RESUME if runner._resume else START
        weights = fitted(tensors_of(checkpoint), network_of(runner.model), name, use)
        if 'state_dict' in checkpoint:
            checkpoint['state_dict'] = weights
        else:
            checkpoint.clear()
            checkpoint.update(weights)


def _spare_missing_package(backbone: EfficientNetLite) -> None:
    """Forgets ``init_cfg`` if it names weights whose package is not installed."""
    try:
        weights_file((backbone.init_cfg or {}).get('checkpoint', ''))
    except MissingFileError:
        backbone.init_cfg = None


def _check_init(module: BaseModule, state_dict: dict, prefix: str, *args) -> None:
    """Raises a UserError if weights do not fit a module that ``init_weights`` loads alone."""
    if not prefix:
        name = f'init_cfg of {type(module).__name__}: {module.init_cfg["checkpoint"]}'
        tensors = {key: value for key, value in state_dict.items() if isinstance(value, Tensor)}
        check(tensors, module, name, INIT)


def network_of(model: BaseModel) -> BaseModel:
    """Returns the network without wrappers of DDP and test-time augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
