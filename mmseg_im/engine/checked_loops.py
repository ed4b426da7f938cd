# SPDX-License-Identifier: Apache-2.0
"""mmengine's loops for validation and test, with the files checked before the first step."""

import mmengine.runner
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmseg.registry import LOOPS
from torch.utils.data import DataLoader

from ..datasets.checks import build_evaluation, check_evaluation
from ..errors import MissingFileError, UserError
from ..labels.spaces import IGNORE_INDEX
from .processes import on_main_process
from .sample_fit import check_first_sample


def with_checked_files(dataloader: dict | DataLoader, where: str) -> dict | DataLoader:
    """Builds the data set of a loader; the main process checks its files for all processes.

    Args:
        dataloader (dict or DataLoader): Its config; a loader that is built is returned as it is.
        where (str): Config key of its data set, for the messages.

    Returns:
        dict or DataLoader: The config with the data set in it.

    Raises:
        MissingFileError, UserError: See :func:`.checks.check_evaluation`.
    """
    if not isinstance(dataloader, dict):
        return dataloader
    dataset = build_evaluation(dataloader['dataset'], where)
    on_main_process(lambda: check_evaluation(dataset, where), share=False)
    return dict(dataloader, dataset=dataset)


def check_measured(evaluator: Evaluator, where: str) -> None:
    """Raises a UserError if a metric leaves out another label than 255, as padding has it."""
    for metric in evaluator.metrics:
        ignored = getattr(metric, 'ignore_index', IGNORE_INDEX)
        if ignored != IGNORE_INDEX:
            raise UserError(
                f'{where}: {type(metric).__name__}.ignore_index is {ignored}, and pixels that do '
                f'not count are {IGNORE_INDEX} everywhere else. Take it out; where annotations '
                'have another value for them, let the label_map of the data set turn it into 255.'
            )


# Under mmengine's names: mmseg's registry is asked first, so every config gets them.
@LOOPS.register_module()
class ValLoop(mmengine.runner.ValLoop):
    """mmengine's validation; the files of validation and test are checked before training."""

    def __init__(self, runner: Runner, dataloader, evaluator, fp16: bool = False):
        trains = runner.cfg.get('train_dataloader') is not None
        tested = runner.cfg.get('test_dataloader') if trains else None
        same = tested is not None and _dataset(tested) == _dataset(dataloader)
        dataloader = with_checked_files(dataloader, 'val_dataloader.dataset')
        if tested is not None and not same:
            try:
                with_checked_files(tested, 'test_dataloader.dataset')
            except (UserError, MissingFileError) as error:
                raise type(error)(
                    f'{error} (Without test data set test_dataloader, test_cfg and test_evaluator '
                    'to None.)'
                ) from None  # the tools print the innermost error
        super().__init__(runner, dataloader, evaluator, fp16)
        check_measured(self.evaluator, 'val_evaluator')
        check_first_sample(runner.model, self.dataloader.dataset, 'val_dataloader.dataset')


@LOOPS.register_module()
class TestLoop(mmengine.runner.TestLoop):
    """mmengine's test; the files are checked first."""

    __test__ = False  # for pytest

    def __init__(self, runner: Runner, dataloader, evaluator, fp16: bool = False):
        dataloader = with_checked_files(dataloader, 'test_dataloader.dataset')
        super().__init__(runner, dataloader, evaluator, fp16)
        check_measured(self.evaluator, 'test_evaluator')
        check_first_sample(runner.model, self.dataloader.dataset, 'test_dataloader.dataset')


def _dataset(dataloader: dict | DataLoader) -> dict | BaseDataset:
    return dataloader['dataset'] if isinstance(dataloader, dict) else dataloader.dataset
