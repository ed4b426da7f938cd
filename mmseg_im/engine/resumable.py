# SPDX-License-Identifier: Apache-2.0
"""A Runner that locks its folder, and resumes from the newest checkpoint that is whole."""

from pathlib import Path

from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from ..datasets.checked_files import remembering
from .hooks.validation_record import ValidationRecordHook
from .newest_checkpoint import to_resume_from, training_checkpoints
from .processes import on_main_process, stop_workers
from .quiet_log import shorten_console
from .work_dir import Lock, check_is_new, make_work_dir


# in mmengine's registry: the train.py of every OpenMMLab project asks there for a runner_type
@RUNNERS.register_module()
class ResumableRunner(Runner):
    """mmengine's Runner with a locked ``work_dir`` and a resume that passes over damaged files.

    - A second run in the folder is refused, and so is a new one beside checkpoints of another.
    - ``resume`` without ``load_from`` goes back to the newest checkpoint that is whole. mmengine
      takes the file that ``last_checkpoint`` names, or silently begins at the first epoch.
    - A validation that was due when the run was stopped is repeated (``ValidationRecordHook``).

    Args:
        model, work_dir, **kwargs: Those of a Runner.

    Raises:
        UserError: If the folder cannot be used.
    """

    _load_from: str | None  # of mmengine

    def __init__(self, model, work_dir: str, **kwargs):
        make_work_dir(work_dir)
        self._lock = None
        self._is_new = not kwargs.get('resume', False)
        try:
            super().__init__(model, work_dir, **kwargs)
        except BaseException:
            self._unlock_folder()
            raise

    def setup_env(self, env_cfg: dict) -> None:
        """Sets up processes, then locks the folder, before anything is written there."""
        super().setup_env(env_cfg)
        self._lock = on_main_process(self._lock_folder, share=False)

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Builds the logger; the environment is in its file alone."""
        logger = super().build_logger(*args, **kwargs)
        shorten_console(logger)
        return logger

    def dump_config(self) -> None:
        """Writes the config into the ``work_dir``, and says so: the log does not hold it."""
        super().dump_config()
        self.logger.info(f'Config, checkpoints and log (versions in it) are in {self.work_dir}.')

    def register_hooks(self, default_hooks=None, custom_hooks=None) -> None:
        """Registers the hooks of the config, and one that repeats a missed validation."""
        super().register_hooks(default_hooks, custom_hooks)
        if not any(isinstance(hook, ValidationRecordHook) for hook in self.hooks):
            self.register_hook(ValidationRecordHook())

    def build_train_loop(self, loop):
        """Builds the loop of a config; one without a type is of the registry, too: it checks."""
        if isinstance(loop, dict) and 'type' not in loop:
            loop = dict(loop)
            kind = 'EpochBasedTrainLoop' if loop.pop('by_epoch', True) else 'IterBasedTrainLoop'
            loop['type'] = kind
        return super().build_train_loop(loop)

    def build_val_loop(self, loop):
        """Likewise."""
        return super().build_val_loop(_with_type(loop, 'ValLoop'))

    def build_test_loop(self, loop):
        """Likewise."""
        return super().build_test_loop(_with_type(loop, 'TestLoop'))

    def load_or_resume(self) -> None:
        """Loads weights or resumes, see the class.

        Raises:
            UserError: If the folder holds checkpoints, and none is whole.
        """
        if not self._resume or self._has_loaded:
            return super().load_or_resume()
        if self._load_from is not None:
            self._warn_of_own_checkpoints(self._load_from)
            return super().load_or_resume()
        path = on_main_process(lambda: to_resume_from(self.work_dir))
        if path is None:
            self.logger.warning(
                f'{self.work_dir} holds no checkpoint: training starts at the beginning.'
            )
        else:
            self.logger.info(f'Going on from {path}.')
            self._load_from = str(path)
            super().load_or_resume()

    def train(self):
        """Trains; afterwards ends its workers and unlocks the folder.

        ``check_files`` of the config says whether files are checked, see :func:`.remembering`.
        """
        try:
            with remembering(self.work_dir, self.cfg.get('check_files', True)):
                return super().train()
        finally:
            stop_workers(self)
            self._unlock_folder()

    def _lock_folder(self) -> Lock:
        lock = Lock(self.work_dir)
        try:
            if self._is_new:
                check_is_new(self.work_dir)
        except BaseException:
            lock.release()
            raise
        return lock

    def _unlock_folder(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _warn_of_own_checkpoints(self, load_from: str) -> None:
        own = training_checkpoints(self.work_dir)
        if own and Path(load_from).absolute().parent != Path(self.work_dir):
            self.logger.warning(
                f'Going on from load_from={load_from}, although {self.work_dir} holds '
                f'{own[0].name}. To go on from there: --cfg-options load_from=None.'
            )


def _with_type(loop, name: str):
    return dict(dict(type=name), **loop) if isinstance(loop, dict) else loop
