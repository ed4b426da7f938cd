# SPDX-License-Identifier: Apache-2.0
"""Checks a generational config before the first teacher is trained."""

import copy
from pathlib import Path

from mmengine import Config
from mmengine.dataset import Compose
from mmengine.dist import get_world_size
from mmengine.registry import LOOPS
from mmseg.registry import DATASETS, MODELS
from torch import nn

from ..build import build, check_options
from ..datasets.checks import build_checked
from ..errors import UserError
from ..models.segmentors.ensemble import space_of
from .configs import labeled_config, labeling_config, nodes, student_config
from .leaks import held_out, image_paths, refuse_common, warn_of_common
from .settings import Generations


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
    for generation in range(settings.num_generations + 1):
        if generation == 0 and settings.initial_teachers is not None:
            continue
        student = student_config(cfg, settings, generation)
        if student.model not in seen:
            seen.append(student.model)
            model = build(MODELS, student.model, 'model')
            if settings.im is not None:
                settings.im.check(space_of(model))
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
    _check_draws(plan, settings)
    _check_classes(model, list(dataset.metainfo['classes']))
    refuse_common(image_paths(dataset), measured, 'train_dataloader.dataset')
    own, batch_size = len(dataset) // get_world_size(), student.train_dataloader.batch_size
    if student.train_dataloader.get('drop_last', False) and own < batch_size:
        raise UserError(
            f'train_dataloader.batch_size={batch_size} is more than the '
            f'{own} samples of an epoch (in each process), and drop_last=True drops what is no '
            'whole batch. Set train_dataloader.dataset.num_samples, or a smaller batch.'
        )
    if not generation:
        return
    for node in nodes(plan):
        if node.get('type') == 'PseudoLabeledDataset':
            missing = image_paths(DATASETS.build(dict(node['unlabeled'], pipeline=[]))) - to_label
            if missing:
                raise UserError(
                    f'train_dataloader.dataset.unlabeled holds {len(missing)} images that '
                    f'unlabeled_dataloader.dataset does not, such as {min(missing)}: nobody would '
                    'label them. Use the same list in both.'
                )


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
    try:
        dataset[0]
    except UserError:
        raise
    except Exception as error:  # whatever a transform raises
        raise UserError(
            f'unlabeled_dataloader.dataset.pipeline fails on its first image: {error}'
        ) from error
    _check_quality(cfg, settings, list(dataset.metainfo['classes']))
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


def _check_quality(cfg: Config, settings: Generations, classes: list[str]) -> None:
    if settings.evalnet is None:
        return
    options = settings.evalnet
    labeled = labeled_config(student_config(cfg, settings, 0))
    if labeled.get('indices') is not None:
        raise UserError(
            'train_dataloader.dataset.labeled.indices: the folds of generations.evalnet are made '
            'with it. Name the images in ann_file.'
        )
    labeled = DATASETS.build(dict(labeled, pipeline=[]))
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
    if isinstance(cfg.model.decode_head, list):
        raise UserError('generations.evalnet does not know networks with several decode heads.')
    for key in ('pipeline', 'test_pipeline'):
        steps = getattr(settings.evalnet, key)
        Compose(steps)
        for name in ('LoadCandidate', 'PackCandidate'):
            if all(step.get('type') != name for step in steps):
                raise UserError(f'generations.evalnet.{key} has no {name}.')
    if options.times * len(labeled) // get_world_size() < options.batch_size:
        raise UserError(
            f'generations.evalnet.batch_size={options.batch_size} is more than the '
            f'{len(labeled)} labeled images times {options.times} (in each process): the network '
            'would not be trained. Set a larger times or a smaller batch_size.'
        )


def _check_classes(model: nn.Module, classes: list[str]) -> None:
    if model.num_classes != len(classes):
        raise UserError(
            f'model.decode_head.num_classes={model.num_classes}, and the data has {len(classes)} '
            f'classes: {", ".join(classes)}.'
        )


def _check_draws(plan: dict, settings: Generations) -> None:
    datasets = [node for node in nodes(plan) if node.get('type') == 'PseudoLabeledDataset']
    wants = any(node.get('draws') == 'quality' for node in datasets)
    if settings.evalnet is not None and not wants:
        raise UserError(
            'generations.evalnet is set, and nothing uses what it says: set '
            "train_dataloader.dataset.draws='quality', or leave out generations.evalnet."
        )
    filters = any(node.get('type') == 'FilterInconsistentPixels' for node in nodes(datasets))
    if settings.evalnet is not None and settings.evalnet.min_class_iou and not filters:
        raise UserError(
            'generations.evalnet.min_class_iou needs FilterInconsistentPixels in '
            'train_dataloader.dataset.unlabeled.pipeline, which takes the classes out.'
        )
    if wants and settings.evalnet is None:
        raise UserError(
            "train_dataloader.dataset.draws='quality' needs a quality network: add "
            "generations.evalnet=dict(...), or choose 'once' or 'masked'."
        )
