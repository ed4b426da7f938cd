# SPDX-License-Identifier: Apache-2.0
"""Optimisers: construction for models that contain frozen teachers, and bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Networks run in bfloat16, on CPU and GPU; weights, softmax and losses stay in float32.

    bfloat16 has the range of float32, so that no gradient scaler is needed. mmengine's
    ``AmpOptimWrapper`` has one, which waits for the device in every step, and refuses a CPU.
    Validation and test stay in float32 unless their loops say ``fp16=True``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Wraps the forward pass and the losses of a training step."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Builds mmengine's optimiser without frozen modules, and without warnings about them.

    The default puts frozen parameters into the optimiser, or, with ``paramwise_cfg``, prints a
    warning for each of them: hundreds for a teacher.
    """

    def add_params(self, params: list[dict], module: nn.Module, *args, **kwargs) -> None:
        """Adds a module's parameters unless all of them are frozen."""
        if any(p.requires_grad for p in module.parameters()):
            super().add_params(params, module, *args, **kwargs)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Builds the optimiser; its checkpoint holds no state for teachers."""
        if not self.paramwise_cfg:
            wrapper = super().__call__(_Trainable(getattr(model, 'module', model)))
        else:
            wrapper = super().__call__(model)
        wrapper.optimizer.register_load_state_dict_post_hook(match_memory)
        return wrapper


def match_memory(optimizer: torch.optim.Optimizer) -> None:
    """Copies a loaded optimiser state into the memory order of its parameters.

    Fused optimisers pair the values of parameter and moments as they lie in memory: the state of
    a run with another ``model.channels_last`` would be mixed up silently.
    """
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            same_shape = isinstance(value, torch.Tensor) and value.shape == parameter.shape
            if same_shape and value.stride() != parameter.stride():
                state[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


class _Trainable:
    """Shows an optimiser constructor only the parameters that are trained."""

    def __init__(self, model: nn.Module):
        self._model = model

    def parameters(self) -> list[nn.Parameter]:
        return [p for p in self._model.parameters() if p.requires_grad]
