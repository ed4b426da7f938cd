# SPDX-License-Identifier: Apache-2.0
"""What a config of ``init_project.py`` says about the files beside it."""

from dataclasses import dataclass
from pathlib import Path

from ...errors import UserError
from ...files.config_file import read_config


@dataclass(frozen=True)
class Project:
    """A project with unlabeled images.

    Attributes:
        config (Path): Its config.
        classes (tuple[str, ...]): In the order of their ids.
        label_space (str): ``multiclass``, ``binary`` or ``multilabel``.
        ignores (bool): Whether its masks have a value for unknown pixels.
    """

    config: Path
    classes: tuple[str, ...]
    label_space: str
    ignores: bool

    @property
    def images(self) -> Path:
        """Path: The folder of images."""
        return self.config.parent / 'images'

    @property
    def annotations(self) -> Path:
        """Path: The folder of masks."""
        return self.config.parent / 'annotations'

    @property
    def labeled(self) -> Path:
        """Path: The list of labeled images."""
        return self.config.parent / 'labeled.txt'

    @property
    def unlabeled(self) -> Path:
        """Path: The list of unlabeled images."""
        return self.config.parent / 'unlabeled.txt'

    @property
    def other_lists(self) -> list[Path]:
        """list[Path]: The lists of validation and test, as far as they are there."""
        lists = (self.config.parent / name for name in ('val.txt', 'test.txt'))
        return [path for path in lists if path.is_file()]


def read_project(config: Path) -> Project:
    """Returns the project of a config.

    Raises:
        UserError: If the config cannot be read, is none that ``init_project.py`` writes, or has no
            unlabeled images.
    """
    cfg = read_config(config)
    classes, loader = cfg.get('classes'), cfg.get('annotation', {}).get('type')
    space = cfg.get('model', {}).get('label_space')
    if not classes or not loader or not space:
        raise UserError(
            f'{config} is no config that init_project.py writes: its classes, annotation or '
            'model.label_space are missing. Copy masks and edit lists by hand.'
        )
    project = Project(config, tuple(classes), space, loader == 'LoadAnnotations')
    missing = [path for path in (project.images, project.annotations) if not path.is_dir()]
    missing += [path for path in (project.labeled, project.unlabeled) if not path.is_file()]
    if missing:
        raise UserError(
            f'{config}: {missing[0]} is not there. Images are added to a project with labeled and '
            'unlabeled ones; make a new one: init_project.py.'
        )
    return project
