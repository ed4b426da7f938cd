# SPDX-License-Identifier: Apache-2.0
"""Ranks the students of a generation and names the best as teachers."""

import os

from ..engine.hooks.best_files import score
from ..errors import UserError
from .settings import Generations
from .state import read_stages


def ranked_students(stages: dict[str, dict], metric: str) -> dict[int, list[int]]:
    """Returns the trained students of each generation, the best by validation first.

    Of equal ones the earlier comes first. Those that diverged before their first validation are
    left out.

    Raises:
        UserError: If they were not validated with that metric.
    """
    found: dict[int, list[tuple[float, int]]] = {}
    for name, result in stages.items():
        generation, _, student = name.partition('/student_')
        if student and generation.startswith('generation_') and 'checkpoint' in result:
            if metric not in result['val']:
                raise UserError(
                    f'{name} has no metric {metric!r}; it has {", ".join(result["val"])}. Correct '
                    'generations.metric.'
                )
            number = int(generation.removeprefix('generation_'))
            found.setdefault(number, []).append((-score(result['val'][metric]), int(student)))
    return {g: [student for _, student in sorted(found[g])] for g in sorted(found)}


def best_students(stages: dict[str, dict], metric: str) -> dict[int, int]:
    """Returns the best trained student of each generation, see :func:`ranked_students`."""
    return {g: students[0] for g, students in ranked_students(stages, metric).items()}


def what_to_use(stages: dict[str, dict], metric: str, work_dir: str | os.PathLike) -> str:
    """Returns a sentence about the best student of all generations by validation."""
    names = [f'generation_{g}/student_{i}' for g, i in best_students(stages, metric).items()]
    if not names:
        return 'No network was trained.'
    best = max(names, key=lambda name: score(stages[name]['val'][metric]))  # of equals the first
    path = os.path.join(work_dir, best, stages[best]['checkpoint'])
    return (
        f'The best network by validation ({metric} {stages[best]["val"][metric]:.2f}): {path}. '
        f'To use it: python tools/publish_student.py {path} student.pth'
    )


def initial_teachers(settings: Generations) -> list[dict]:
    """Returns the teachers that a config names: a list, or another run's best generation."""
    given = settings.initial_teachers
    if not isinstance(given, str):
        return [dict(teacher) for teacher in given or ()]
    stages = read_stages(given)
    metric = settings.metric
    ranked = {
        g: [f'generation_{g}/student_{i}' for i in students]
        for g, students in ranked_students(stages, metric).items()
        if len(students) >= settings.num_teachers
    }
    if not ranked:
        raise UserError(
            f'generations.initial_teachers={given!r}: no generation there has '
            f'num_teachers={settings.num_teachers} finished networks. Finish that run first.'
        )
    best = max(ranked, key=lambda g: score(stages[ranked[g][0]]['val'][metric]))
    return [
        {key: os.path.join(given, name, stages[name][key]) for key in ('checkpoint', 'config')}
        for name in ranked[best]
    ]
