# SPDX-License-Identifier: Apache-2.0
"""Optimiser construction for models that contain frozen teachers."""

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's default, but frozen modules are passed over in silence.

    The default puts frozen parameters into the optimiser, or, with ``paramwise_cfg``, prints a
    warning for each of them: hundreds for a teacher.
    """

    def add_params(self, params: list[dict], module: nn.Module, *args, **kwargs) -> None:
        """Adds a module's parameters unless all of them are frozen."""
        if any(p.requires_grad for p in module.parameters()):
            super().add_params(params, module, *args, **kwargs)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Builds the optimiser; its checkpoint holds no state for teachers."""
        if self.paramwise_cfg:
            return super().__call__(model)
        return super().__call__(_Trainable(getattr(model, 'module', model)))


class _Trainable:
    """Shows an optimiser constructor only the parameters that are trained."""

    def __init__(self, model: nn.Module):
        self._model = model

    def parameters(self) -> list[nn.Parameter]:
        return [p for p in self._model.parameters() if p.requires_grad]
