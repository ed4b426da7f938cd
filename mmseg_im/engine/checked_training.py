# SPDX-License-Identifier: Apache-2.0
"""mmengine's loops for training, with an epoch and its pipelines checked before the first step."""

import functools
from collections.abc import Sized

import mmengine.runner
from mmengine.dataset import InfiniteSampler
from mmseg.registry import LOOPS
from torch import nn
from torch.utils.data import BatchSampler, DataLoader

from ..datasets.first_samples import try_first_sample
from ..datasets.ignored_value import check_ignored_value
from ..datasets.named_errors import NamingPipeline, name_broken_files
from ..datasets.nested_datasets import parts_of
from ..errors import UserError
from .sample_fit import check_first_sample

WHERE = 'train_dataloader'


def check_batch(samples: int, batch_size: int, where: str = WHERE) -> None:
    """Checks that an epoch without its last, smaller batch is not empty.

    Args:
        samples (int): Of an epoch, in each process.
        batch_size (int): Likewise.
        where (str): Config key that holds ``batch_size``.

    Raises:
        UserError: If there would be no batch.
    """
    if samples < batch_size:
        raise UserError(
            f'{where}.batch_size={batch_size} is more than the {samples} samples of an epoch (in '
            'each process), and drop_last=True drops what is no whole batch: nothing would be '
            'learned. Set a smaller batch_size, or a longer epoch (num_samples or times of the '
            'data set).'
        )


def check_training(dataloader: DataLoader, model: nn.Module) -> None:
    """Checks an epoch of training before its first step.

    Args:
        dataloader (DataLoader): Its data sets of mmengine that were not checked when they were
            built load a sample; from now on their errors name the file.
        model (nn.Module): Takes the samples.

    Raises:
        UserError: If an epoch has no batch, a pipeline fails, or the model takes other samples.
    """
    batches, sampler = dataloader.batch_sampler, dataloader.sampler
    is_endless = isinstance(sampler, InfiniteSampler)
    if isinstance(batches, BatchSampler) and batches.drop_last and not is_endless:
        assert isinstance(sampler, Sized)
        check_batch(len(sampler), batches.batch_size)
    where = f'{WHERE}.dataset'
    for part in parts_of(dataloader.dataset):
        if not isinstance(part.pipeline, NamingPipeline):
            check_ignored_value(part, where)
            name_broken_files(part, where)
            try_first_sample(part, where)
    check_first_sample(model, dataloader.dataset, where, times=3)


# Under mmengine's names: mmseg's registry is asked first, so every config gets them.
@LOOPS.register_module()
class EpochBasedTrainLoop(mmengine.runner.EpochBasedTrainLoop):
    """mmengine's training in epochs, checked before the first one."""

    @functools.wraps(mmengine.runner.EpochBasedTrainLoop.__init__)  # type: ignore[misc]  # its options
    def __init__(self, runner, dataloader, *args, **kwargs):
        super().__init__(runner, dataloader, *args, **kwargs)
        check_training(self.dataloader, runner.model)


@LOOPS.register_module()
class IterBasedTrainLoop(mmengine.runner.IterBasedTrainLoop):
    """mmengine's training in iterations, checked before the first one."""

    @functools.wraps(mmengine.runner.IterBasedTrainLoop.__init__)  # type: ignore[misc]
    def __init__(self, runner, dataloader, *args, **kwargs):
        super().__init__(runner, dataloader, *args, **kwargs)
        check_training(self.dataloader, runner.model)
