# SPDX-License-Identifier: Apache-2.0
"""Checks a generational config before the first teacher is trained."""

import copy
from pathlib import Path

from mmengine import Config
from mmengine.registry import LOOPS
from mmseg.registry import DATASETS, MODELS
from torch import nn

from ..build import build, check_options
from ..datasets.checks import build_checked
from ..datasets.first_samples import try_first_sample
from ..datasets.pseudo_label_files import MAX_DRAWS
from ..datasets.pseudo_labeled import PseudoLabeledDataset
from ..engine.checked_training import check_batch
from ..errors import UserError
from ..errors.wording import counted
from ..models.segmentors.ensemble import space_of
from ..models.segmentors.heads import check_softmax
from ..models.segmentors.semi_segmentor import SemiSegmentor
from .configs import labeling_config, nodes, student_config
from .evalnet_checks import check_draws, check_quality, own_share
from .pipeline_trials import maps_of, try_pseudo_labeled
from .settings import Generations
from .train_test_overlap import held_out, image_paths, refuse_common, warn_of_common


def check_plan(cfg: Config, settings: Generations) -> None:
    """Builds and checks what every generation will need: networks, data sets, pipelines.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.

    Raises:
        UserError, MissingFileError: If a part does not fit the others, or a file is missing.
    """
    if settings.num_generations and cfg.get('unlabeled_dataloader') is None:
        raise UserError(
            'unlabeled_dataloader is missing: it holds the images that the teachers label, with a '
            'test pipeline without annotations. Add it, or set generations.num_generations=0.'
        )
    measured = held_out(cfg)
    warn_of_common(measured)
    to_label: set[str] = set()
    if settings.num_generations:
        to_label = _check_unlabeled(cfg, settings, measured)
    first, seen = None, []
    built: list[tuple[dict, nn.Module]] = []
    for generation in range(settings.num_generations + 1):
        if generation == 0 and settings.initial_teachers is not None:
            continue
        student = student_config(cfg, settings, generation)
        model = next((model for known, model in built if known == student.model), None)
        if model is None:
            model = build(MODELS, student.model, 'model')
            built.append((student.model, model))
            if settings.im is not None:
                settings.im.check(space_of(model))
            if settings.num_generations and isinstance(model, SemiSegmentor):
                check_softmax(model)  # it teaches
        first = first or student.model
        if settings.warm_start and student.model != first:
            raise UserError(
                f'generations.warm_start=True starts a student of generation {generation} from the '
                'last generation, whose model differs. Use one model, or set warm_start=False.'
            )
        plan = [student.train_dataloader, student.train_cfg, student.get('val_dataloader'),
                student.get('test_dataloader')]  # fmt: skip
        if plan in seen:
            continue
        seen.append(plan)
        _check_student(student, settings, model, generation, measured, to_label)


def _check_student(
    student: Config,
    settings: Generations,
    model: nn.Module,
    generation: int,
    measured: dict[str, set[str]],
    to_label: set[str],
) -> None:
    _check_loop(student.train_cfg)
    where = f'generations.{"student" if generation else "first"}'
    if held_out(student, look=False) != measured:
        raise UserError(
            f'{where}: val_dataloader or test_dataloader of generation {generation} are missing or '
            'hold other images than those of the config; what ranks the students must be the same '
            'for all of them.'
        )
    plan = student.train_dataloader.dataset
    dataset = build(DATASETS, plan, 'train_dataloader.dataset')
    check_draws(plan, settings)
    _check_classes(model, list(dataset.metainfo['classes']))
    refuse_common(image_paths(dataset), measured, 'train_dataloader.dataset')
    if student.train_dataloader.get('drop_last', False):
        samples = most_samples(dataset, plan, generation)
        share = own_share(samples, settings.executor.processes)
        check_batch(share, student.train_dataloader.batch_size)
    if not generation:
        return
    pseudo_labeled = _within(dataset)
    try_pseudo_labeled(pseudo_labeled, maps_of(student.model), model)
    missing = image_paths(pseudo_labeled.unlabeled) - to_label
    if missing:
        raise UserError(
            'train_dataloader.dataset.unlabeled holds '
            f'{counted(len(missing), "image")} that '
            f'unlabeled_dataloader.dataset does not, such as {min(missing)}: nobody would label '
            'them. Use the same list in both.'
        )


def most_samples(dataset, plan: dict, generation: int) -> int:
    """Returns how many samples an epoch of a generation can have at most.

    Args:
        dataset: To train on, without pseudo-labels.
        plan (dict): Its config.
        generation (int): From 1 on there will be pseudo-labels, of how many images is not known.
    """
    by_labels = isinstance(dataset, PseudoLabeledDataset) and plan.get('num_samples') is None
    if not generation or not by_labels:
        return len(dataset)
    draws = 1 if plan.get('draws', 'once') == 'once' else MAX_DRAWS
    return round(draws * len(dataset.unlabeled) / (1 - plan.get('labeled_ratio', 0.5)))


def _within(dataset) -> PseudoLabeledDataset:
    """Returns the data set itself, or the one that it holds."""
    while not isinstance(dataset, PseudoLabeledDataset):
        dataset = getattr(dataset, 'labeled', None) or dataset.dataset
    return dataset


def _check_unlabeled(cfg: Config, settings: Generations, measured: dict) -> set[str]:
    """Checks the images to label, loads the first of them, and returns the paths of all."""
    dataset = build_checked(
        copy.deepcopy(cfg.unlabeled_dataloader.dataset),
        'unlabeled_dataloader.dataset',
        labeled=False,
    )
    refuse_common(image_paths(dataset), measured, 'unlabeled_dataloader.dataset')
    _check_hidden_annotations(cfg)
    labeling_config(cfg, settings, [], Path())
    try_first_sample(dataset, 'unlabeled_dataloader.dataset')
    check_quality(cfg, settings, list(dataset.metainfo['classes']))
    return image_paths(dataset)


def _check_loop(train_cfg: dict) -> None:
    options = {k: v for k, v in train_cfg.items() if k not in ('type', 'by_epoch')}
    by_epoch = train_cfg.get('by_epoch', True)  # mmengine's choice where no type is named
    kind = train_cfg.get('type', 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop')
    cls = LOOPS.get(kind) if isinstance(kind, str) else kind
    if cls is None:
        raise UserError(f'train_cfg.type={kind!r} is not registered: is it spelt right?')
    check_options(cls, dict(options, runner=None, dataloader=None), 'train_cfg')


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


def _check_classes(model: nn.Module, classes: list[str]) -> None:
    if model.num_classes != len(classes):
        raise UserError(
            f'model.decode_head.num_classes={model.num_classes}, and the data has {len(classes)} '
            f'classes: {", ".join(classes)}.'
        )
