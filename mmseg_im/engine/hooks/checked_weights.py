# SPDX-License-Identifier: Apache-2.0
"""Checks the weights of every checkpoint that a Runner loads."""

from mmengine.hooks import RuntimeInfoHook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import BaseLoop, find_latest_checkpoint
from mmseg.registry import HOOKS
from torch import nn

from ...errors import UserError
from ...models.weight_rules import PREDICT, RESUME, START, fitted
from ...models.weights import tensors_of

STATE_OF_A_RUN = ('meta', 'message_hub')


# mmengine gives every Runner this hook, looked up in mmseg's registry first: so the check holds
# for all models and for MMSegmentation's own tools, whatever hooks a config names
@HOOKS.register_module(name='RuntimeInfoHook')
class CheckedWeightsHook(RuntimeInfoHook):
    """mmengine's own hook, which in addition refuses checkpoints that do not fit the model.

    mmengine loads what fits, logs the rest, and goes on, if need be with an untrained network.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Puts into the checkpoint what the model is to load; see :func:`fitted`.

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
        if use is RESUME and any(key not in checkpoint for key in STATE_OF_A_RUN):
            raise UserError(f'{name} holds weights and no state of a run to resume. {use.remedy}')
        weights = fitted(tensors_of(checkpoint), network_of(runner.model), name, use)
        if 'state_dict' in checkpoint:
            checkpoint['state_dict'] = weights
        else:
            checkpoint.clear()
            checkpoint.update(weights)


def network_of(model: nn.Module) -> nn.Module:
    """The network whose keys checkpoints have: without wrappers of DDP and of augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
