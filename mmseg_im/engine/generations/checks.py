# SPDX-License-Identifier: Apache-2.0
"""Mistakes of a generational config, found before the first teacher is trained."""

import copy
import os.path as osp

from mmengine import Config
from mmengine.dataset import BaseDataset, Compose
from mmseg.registry import DATASETS, MODELS

from ...datasets.checks import build_checked, check_files_exist
from ...datasets.pseudo_labeled import PseudoLabeledDataset
from ...datasets.semi_dataset import SemiDataset
from ...errors import UserError
from ...models.segmentors.ensemble import space_of
from .configs import labeled_config, nodes, student_config
from .settings import Generations


def check_plan(cfg: Config, settings: Generations) -> None:
    """Builds what every generation will need: networks, data sets, pipelines.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.

    Raises:
        UserError, MissingFileError: What is wrong, where, and what to do.
    """
    if settings.num_generations and cfg.get('unlabeled_dataloader') is None:
        raise UserError(
            'unlabeled_dataloader is missing: it holds the images that the teachers label, with a '
            'test pipeline without annotations. Add it, or set generations.num_generations=0.'
        )
    held_out = {}
    for name in ('val_dataloader', 'test_dataloader'):
        if cfg.get(name) is None:
            if name == 'val_dataloader':
                raise UserError('val_dataloader is missing: validation ranks the students.')
            continue
        dataset = DATASETS.build(cfg[name].dataset)
        check_files_exist(dataset, f'{name}.dataset')
        held_out[name] = _paths(dataset)
    if settings.num_generations:
        unlabeled = build_checked(
            copy.deepcopy(cfg.unlabeled_dataloader.dataset),
            'unlabeled_dataloader.dataset',
            labeled=False,
        )
        _refuse_common(_paths(unlabeled), held_out, 'unlabeled_dataloader.dataset')
        _check_hidden_annotations(cfg)
        _check_quality(cfg, settings, list(unlabeled.metainfo['classes']))
    seen = []
    for generation in range(settings.num_generations + 1):
        if generation == 0 and settings.initial_teachers is not None:
            continue
        student = student_config(cfg, settings, generation)
        if student.model not in seen:
            seen.append(student.model)
            model = MODELS.build(student.model)
            if settings.im is not None:
                settings.im.check(space_of(model))
        plan = student.train_dataloader.dataset
        if plan in seen:
            continue
        seen.append(plan)
        dataset = DATASETS.build(plan)
        _check_draws(plan, settings)
        _refuse_common(_paths(dataset), held_out, 'train_dataloader.dataset')


def _check_hidden_annotations(cfg: Config) -> None:
    judges = any(
        n.get('type') == 'PseudoLabelQuality' for n in nodes(cfg.get('unlabeled_evaluator'))
    )
    pipeline = cfg.unlabeled_dataloader.dataset.get('pipeline') or []
    if judges and not any(t.get('type') == 'LoadHiddenAnnotations' for t in nodes(pipeline)):
        raise UserError(
            'unlabeled_evaluator: PseudoLabelQuality needs the true labels, and '
            'unlabeled_dataloader.dataset.pipeline has no LoadHiddenAnnotations. Add it if these '
            'labels exist, or leave out unlabeled_evaluator.'
        )


def _check_quality(cfg: Config, settings: Generations, classes: list[str]) -> None:
    if settings.evalnet is None:
        return
    labeled = DATASETS.build(dict(labeled_config(student_config(cfg, settings, 0)), pipeline=[]))
    if len(labeled) < settings.evalnet.num_folds:
        raise UserError(
            f'generations.evalnet.num_folds={settings.evalnet.num_folds} is more than the '
            f'{len(labeled)} labeled images.'
        )
    for name in settings.evalnet.skip_classes:
        if name not in classes:
            raise UserError(
                f'generations.evalnet.skip_classes: the data has no class {name!r}; it has '
                f'{", ".join(classes)}.'
            )
    for key in ('pipeline', 'test_pipeline'):
        Compose(getattr(settings.evalnet, key))


def _check_draws(plan: dict, settings: Generations) -> None:
    wants = any(
        node.get('draws') == 'quality'
        for node in nodes(plan)
        if node.get('type') == 'PseudoLabeledDataset'
    )
    if wants and settings.evalnet is None:
        raise UserError(
            "train_dataloader.dataset.draws='quality' needs a quality network: add "
            "generations.evalnet=dict(...), or choose 'once' or 'masked'."
        )


def _parts(dataset) -> list[BaseDataset]:
    """The data sets of files within a data set."""
    if isinstance(dataset, BaseDataset):
        return [dataset]
    if isinstance(dataset, PseudoLabeledDataset | SemiDataset):
        return [*_parts(dataset.labeled), *_parts(dataset.unlabeled)]
    if hasattr(dataset, 'datasets'):
        return [part for one in dataset.datasets for part in _parts(one)]
    if hasattr(dataset, 'dataset'):
        return _parts(dataset.dataset)
    raise UserError(
        f'{type(dataset).__name__} does not list its images, so it cannot be checked that no '
        'validation or test image is trained on. Use a data set of mmseg.'
    )


def _paths(dataset) -> set[str]:
    return {
        osp.realpath(part.get_data_info(i)['img_path'])
        for part in _parts(dataset)
        for i in range(len(part))
    }


def _refuse_common(paths: set[str], held_out: dict[str, set[str]], where: str) -> None:
    for name, others in held_out.items():
        common = sorted(paths & others)
        if common:
            raise UserError(
                f'{where} holds {len(common)} images of {name}, such as {common[0]}: what is '
                'trained on must not be measured on. Take them out of the list.'
            )
