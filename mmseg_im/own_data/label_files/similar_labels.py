# SPDX-License-Identifier: Apache-2.0
"""Finds labels that are probably others, misspelled: ``cel`` and ``Cell`` beside ``cell``."""

import re
import shlex
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from .label_places import places_text

ALIKE = 0.8  # ratio of difflib: cel and cell have 0.86, car and cat 0.67
SEPARATORS = re.compile(r'[\s_-]+')


def similar_labels(counts: Mapping[str, float]) -> dict[str, str]:
    """Returns the labels that look like more frequent ones, each with the other.

    Labels are alike if they differ in capitals, blanks, ``_`` and ``-`` alone; or, where one is at
    most half as frequent, if each word resembles the other's (``type_a`` and ``type_b`` do not).

    Args:
        counts (Mapping[str, float]): How often each is drawn.
    """
    found: dict[str, str] = {}
    kept: list[str] = []
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        like = next((one for one in kept if _alike(label, one, counts)), None)
        if like is None:
            kept.append(label)
        else:
            found[label] = like
    return found


def similar_text(
    similar: Mapping[str, str], places: Mapping[str, Sequence[str]], names: Sequence[str]
) -> str:
    """Returns a sentence about such labels, with the option that joins them.

    Args:
        similar (Mapping[str, str]): See :func:`similar_labels`.
        places (Mapping[str, Sequence[str]]): See :func:`~.label_places.label_places`.
        names (Sequence[str]): All classes, in the order of their ids.
    """
    labels = ', '.join(
        f'{"" if i else "the label "}{label} ({places_text(places[label])}) '
        f'{"" if i else "looks "}like {like}'
        for i, (label, like) in enumerate(similar.items())
    )
    others = {like: [a for a, b in similar.items() if b == like] for like in similar.values()}
    joined = [
        shlex.quote(f'{name}={"+".join([name, *others[name]])}' if name in others else name)
        for name in [*[one for one in others if one not in names], *names]
        if name not in similar
    ]
    what, them = ('it', 'the two') if len(similar) == 1 else ('them', 'them')
    return f'{labels}: rename {what}, or join {them}: --classes {" ".join(joined)}'


def _alike(rare: str, other: str, counts: Mapping[str, float]) -> bool:
    a, b = ([word for word in SEPARATORS.split(one.casefold()) if word] for one in (rare, other))
    if not a or not b:
        return False
    if ''.join(a) == ''.join(b):
        return True
    if counts[rare] * 2 > counts[other] or len(a) != len(b) or _digits(a) != _digits(b):
        return False
    return all(SequenceMatcher(None, x, y).ratio() >= ALIKE for x, y in zip(a, b, strict=True))


def _digits(words: Sequence[str]) -> list[str]:
    return re.findall(r'\d+', ' '.join(words))
