# SPDX-License-Identifier: Apache-2.0
"""Options of a generational run: ``generations=dict(...)`` of a config."""

from collections.abc import Sequence

from mmseg.registry import MODELS

from ..build import build, check_options
from ..errors import UserError
from ..errors.wording import did_you_mean
from ..inconsistency.mask import InconsistencyMask
from ..models.segmentors.ensemble import VOTERS
from ..teachers.views import parse_view
from .evalnet_settings import EvalNetSettings
from .executors import Inline, read_executor


class Generations:
    """Options of a generational run.

    Generation 0 trains teachers on the labeled images. Then, ``num_generations`` times: the
    ``num_teachers`` best networks of the last generation label the unlabeled images, and
    ``students_per_generation`` new students learn from labeled and pseudo-labeled images.

    Args:
        num_generations (int): Generations of students after generation 0; with 0 the run ends
            after the teachers ("labeled only").
        students_per_generation (int): Networks trained in each generation, 0 included; they
            differ in their seed.
        num_teachers (int): How many of them label.
        metric (str): The validation metric that ranks them; larger is better.
        first (dict or str, optional): What generation 0 changes in the config, or a config file
            that replaces it.
        student (dict or str, optional): Likewise for generation 1 and later.
        per_generation (Sequence[dict]): Further changes, one dict for each generation from 1 on:
            growing noise, wider networks. What is beyond ``num_generations`` waits.
        warm_start (bool): Students start from the best network of the last generation.
        initial_teachers (Sequence[dict] or str, optional): Instead of training generation 0:
            ``[dict(checkpoint=..., config=...), ...]``, best first; or the work_dir of a finished
            generational run, whose best generation by validation is taken.
        voter (str, optional): ``'agreement'`` or ``'mean'``, see :class:`EnsembleSegmentor`.
            Default: agreement if there is ``im``, else mean.
        views (Sequence[str]): Each teacher votes once for each view.
        size_divisor (int): See :class:`~mmseg_im.teachers.base.Teacher`.
        im (dict, optional): An ``InconsistencyMask``. Its ``min_agreement`` counts when labels are
            written; its other options go into the students' data set and transforms.
        evalnet (dict, optional): A quality network, see :class:`EvalNetSettings`.
        keep_labels (bool): Keep the pseudo-labels of earlier generations.
        executor (dict, optional): Who does the work, see :mod:`.executors`. Default: this process.

    Raises:
        UserError: If an option is unknown or out of range.
    """

    def __init__(
        self,
        num_generations: int,
        students_per_generation: int = 2,
        num_teachers: int = 2,
        metric: str = 'mIoU',
        first: dict | str | None = None,
        student: dict | str | None = None,
        per_generation: Sequence[dict] = (),
        warm_start: bool = False,
        initial_teachers: Sequence[dict] | str | None = None,
        voter: str | None = None,
        views: Sequence[str] = ('identity',),
        size_divisor: int = 1,
        im: dict | None = None,
        evalnet: dict | None = None,
        keep_labels: bool = True,
        executor: dict | None = None,
    ):
        self.num_generations = _count(num_generations, 'num_generations', 0)
        self.students_per_generation = _count(students_per_generation, 'students_per_generation', 1)
        self.num_teachers = _count(num_teachers, 'num_teachers', 1)
        self.metric = metric
        self.first = first
        self.student = student
        self.per_generation = list(per_generation)
        self.warm_start = warm_start
        self.initial_teachers = initial_teachers
        self.views = list(views)
        self.size_divisor = _count(size_divisor, 'size_divisor', 1)
        for view in self.views:
            parse_view(view, size_divisor)
        self.im: InconsistencyMask | None = None if im is None else _mask(im)
        self.mask_config = dict(im or {})
        self.voter = voter or ('mean' if im is None else 'agreement')
        self.evalnet: EvalNetSettings | None = None
        if evalnet is not None:
            check_options(EvalNetSettings, evalnet, 'generations.evalnet')
            self.evalnet = EvalNetSettings(**evalnet)
        self.keep_labels = keep_labels
        self.executor = read_executor(executor, self.students_per_generation)
        self._check()

    def _check(self) -> None:
        if self.voter not in VOTERS or (self.voter == 'agreement') != (self.im is not None):
            raise UserError(
                f'generations.voter={self.voter!r}: voters that agree make a mask, so '
                "'agreement' needs generations.im=dict(type='InconsistencyMask') and 'mean' none."
            )
        if self.im is not None and self.num_teachers * len(self.views) < 2:
            raise UserError(
                'generations.num_teachers=1 with one view and an inconsistency mask: one voter '
                'always agrees with itself. Take two teachers or views, or leave out '
                'generations.im.'
            )
        trained = self.initial_teachers is None
        if trained and self.num_teachers > self.students_per_generation:
            raise UserError(
                f'generations.num_teachers={self.num_teachers} is more than '
                f'students_per_generation={self.students_per_generation}: the best of the '
                'students are the next teachers.'
            )
        if self.num_generations > 1 and self.num_teachers > self.students_per_generation:
            raise UserError(
                f'generations.students_per_generation={self.students_per_generation} must be '
                f'num_teachers={self.num_teachers} or more: they teach the next generation.'
            )
        given = self.initial_teachers
        if not (given is None or isinstance(given, str)) and len(given) < self.num_teachers:
            raise UserError(
                f'generations.initial_teachers names {len(given)} checkpoints, and '
                f'num_teachers={self.num_teachers}.'
            )
        if 0 < len(self.per_generation) < self.num_generations:
            raise UserError(
                f'generations.per_generation has {len(self.per_generation)} entries; it needs one '
                f'for each of the {self.num_generations} generations of students, or none.'
            )


def _count(value: int, name: str, least: int) -> int:
    if not isinstance(value, int) or value < least:
        raise UserError(f'generations.{name}={value!r} must be a whole number, {least} or more.')
    return value


def _mask(cfg: dict) -> InconsistencyMask:
    return build(MODELS, dict(dict(type='InconsistencyMask'), **cfg), 'generations.im')


def read_settings(cfg: dict) -> Generations:
    """Returns the options in ``generations`` of a config.

    Raises:
        UserError: If it is missing or has an unknown key.
    """
    for key in sorted(cfg.keys() - {'generations'}):
        suggestion = did_you_mean(key, ['generations'], cutoff=0.85)
        if suggestion:
            raise UserError(f'{key}: no such key.{suggestion}')
    if 'generations' not in cfg:
        raise UserError(
            "runner_type='GenerationalRunner' needs generations=dict(num_generations=..., ...) in "
            'the config.'
        )
    options = dict(cfg['generations'])
    check_options(Generations, options, 'generations')
    settings = Generations(**options)
    if cfg.get('launcher', 'none') != 'none' and not isinstance(settings.executor, Inline):
        raise UserError(
            f'generations.executor starts processes itself, and --launcher {cfg["launcher"]} did '
            'so already. Start the run with python alone; tasks_per_node is the number of '
            'processes that train one network.'
        )
    return settings
