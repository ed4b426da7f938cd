# SPDX-License-Identifier: Apache-2.0
"""Which networks teach."""

import os

from ...errors import UserError
from ..hooks.keep_best import score
from .settings import Generations
from .state import read_stages


def best_students(stages: dict[str, dict], metric: str) -> dict[int, int]:
    """The best trained student of each generation by validation; equal ones: the first."""
    best: dict[int, tuple[float, int]] = {}
    for name, result in stages.items():
        generation, _, student = name.partition('/student_')
        if student and generation.startswith('generation_'):
            key = (-score(result['val'][metric]), int(student))
            number = int(generation.removeprefix('generation_'))
            best[number] = min(best.get(number, key), key)
    return {generation: student for generation, (_, student) in sorted(best.items())}


def initial_teachers(settings: Generations) -> list[dict]:
    """The teachers that a config gives: a list, or those of another run's last generation."""
    given = settings.initial_teachers
    if not isinstance(given, str):
        return [dict(teacher) for teacher in given]
    stages = read_stages(given)
    trained = best_students(stages, settings.metric)
    if not trained:
        raise UserError(
            f'generations.initial_teachers={given!r}: no student is finished there. Finish that '
            'run first.'
        )
    last = max(trained)
    results = [
        (-score(result['val'][settings.metric]), name, result)
        for name, result in stages.items()
        if name.startswith(f'generation_{last}/student_')
    ]
    if len(results) < settings.num_teachers:
        raise UserError(
            f'generations.initial_teachers={given!r}: its last generation has {len(results)} '
            f'networks, and num_teachers={settings.num_teachers}.'
        )
    return [
        {key: os.path.join(given, name, result[key]) for key in ('checkpoint', 'config')}
        for _, name, result in sorted(results, key=lambda r: r[:2])
    ]
