# SPDX-License-Identifier: Apache-2.0
"""By which part of their names images and masks meet: given as an expression, or found."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from ..errors.wording import counted
from .expressions import compiled

MOST_AFFIXES = 3
NUMBER = r'0*(\d+)'  # whatever zeros stand before it
WORD, SEPARATOR = '([^/_. -]+)', '[/_. -]+'
MOST_WORDS = 8


class Rule(NamedTuple):
    """An expression, and what it does.

    Attributes:
        pattern (str): For ``--match``.
        image, mask (str): Names of one pair.
        met (int): How many masks find an image.
    """

    pattern: str
    image: str
    mask: str
    met: int


def key_of(pattern: str) -> Callable[[str], str | None]:
    """Returns a function from a name to its key: what the groups of an expression find, joined.

    The key is None where the expression finds nothing.

    Raises:
        UserError: If the expression is broken or has no group.
    """
    expression = compiled(
        '--match',
        pattern,
        'the part of the name that an image and its mask have in common into brackets, such as '
        "'^(?:image_|label_)(.*)$'",
    )

    def key(name: str) -> str | None:
        found = expression.search(name)
        if found is None:
            return None
        parts = found.groups()  # of alternatives some are None: a + _1 and a_1 are then one key
        return ('' if None in parts else '/').join(part for part in parts if part)

    return key


def image_of(pattern: str | None, images: Iterable[str]) -> Callable[[str], str]:
    """Returns a function from the name of a mask to that of its image, or to itself without one.

    Args:
        pattern (str, optional): See :func:`key_of`; None: the names are equal.
        images (Iterable[str]): Names of all images.

    Raises:
        UserError: If no image has a key, or two have one.
    """
    if pattern is None:
        return lambda name: name
    key = key_of(pattern)
    by_key: dict[str, str] = {}
    for name in sorted(images):
        found = key(name)
        if found is not None and by_key.setdefault(found, name) != name:
            raise UserError(
                f'--match {pattern!r} gives the images {by_key[found]} and {name} one key, '
                f'{found!r}. Put more of the names into its groups.'
            )
    if not by_key:
        raise UserError(f'--match {pattern!r} finds nothing in the name of any image.')

    def image(name: str) -> str:
        found = key(name)
        return name if found is None else by_key.get(found, name)

    return image


def renamed_by(
    image: Callable[[str], str], found: Mapping[str, list[Path]]
) -> dict[str, list[Path]]:
    """Files of masks by the name of their image.

    Raises:
        UserError: If masks of two names belong to one image.
    """
    first: dict[str, str] = {}
    for name in found:
        other = first.setdefault(image(name), name)
        if other != name:
            raise UserError(
                f'--match gives the masks {other} and {name} one image, {image(name)}. Put more of '
                'the names into its groups, or say which files are masks: --mask-files.'
            )
    return {target: found[name] for target, name in sorted(first.items())}


def find_rule(images: Sequence[str], masks: Sequence[str]) -> Rule | None:
    """Looks for what keeps names of images and masks apart.

    Common beginnings and ends of either side (``image_000``, ``label_000``), folders of one side
    only, a folder in the middle (``a/images/0``, ``a/masks/0``), zeros before a number (``007``,
    ``7``), and what stands between words (``a/0``, ``a_0``).

    Returns:
        Rule: By which most masks find an image, at least half of them, and no two the same one;
        None if there is no such rule.
    """
    patterns = {pattern: None for where in _places(images, masks) for pattern in where}
    best = None
    for pattern in patterns:
        key = key_of(pattern)
        of_images, of_masks = ([(key(n), n) for n in names if key(n)] for names in (images, masks))
        if len(dict(of_images)) < len(of_images) or len(dict(of_masks)) < len(of_masks):
            continue  # two have one key
        known = dict(of_images)
        met = [(known[k], name) for k, name in of_masks if k in known]
        if len(met) * 2 >= len(masks) and (best is None or len(met) > best.met):
            best = Rule(pattern, *met[0], len(met))
        if best and best.met == len(masks):
            break
    return best


def rule_text(rule: Rule, masks: int) -> str:
    """A sentence that says how to apply a rule."""
    return (
        f'By another rule {rule.met} of {counted(masks, "mask")} find one, such as {rule.mask} '
        f'the image {rule.image}: add --match {shlex.quote(rule.pattern)}'
    )


def _places(images: Sequence[str], masks: Sequence[str]) -> Iterator[Iterator[str]]:
    """Expressions that look at whole names, at the last part, and around a folder before it."""
    yield _patterns(images, masks, '^', '(.*?)')
    yield _patterns(images, masks, '^', NUMBER)
    last_images, last_masks = (
        [name.rpartition('/')[2] for name in names] for names in (images, masks)
    )
    if any('/' in name for name in (*images, *masks)):
        yield _patterns(last_images, last_masks, '^(?:.*/)?', '([^/]*?)')
        yield _patterns(last_images, last_masks, '^(?:.*/)?', NUMBER)
        middle = [{Path(name).parent.name for name in names} for names in (images, masks)]
        if all(len(folders) == 1 for folders in middle):
            a, b = (re.escape(folders.pop()) for folders in middle)
            yield _patterns(last_images, last_masks, f'^(.*/)?(?:{a}|{b})/', '([^/]*?)')
    words = [len(re.findall(WORD, name)) for name in (*images, *masks)]
    least, most = max(min(words), 1), max(words)
    if most <= MOST_WORDS:
        further = f'{SEPARATOR}{WORD}' * (least - 1) + f'(?:{SEPARATOR}{WORD})??' * (most - least)
        yield _patterns(images, masks, '^', WORD + further)


def _patterns(images: Sequence[str], masks: Sequence[str], head: str, core: str) -> Iterator[str]:
    begins = [['', *_affixes(names, 1)] for names in (images, masks)]
    ends = [['', *_affixes(names, -1)] for names in (images, masks)]
    choices = list(product(*begins, *ends))
    for a, b, c, d in sorted(choices, key=lambda four: (sum(map(bool, four)), -len(''.join(four)))):
        yield f'{head}{_either(a, b)}{core}{_either(c, d)}$'


def _affixes(names: Sequence[str], step: int) -> list[str]:
    """Beginnings (``step`` -1: ends) of whole words that more than half of the names have."""
    count: Counter = Counter()
    for name in names:
        for at in range(1, len(name)):
            if _kind(name[at - 1]) != _kind(name[at]):
                count[name[:at] if step == 1 else name[at:]] += 1
    common = [affix for affix, number in count.items() if number * 2 > len(names)]
    words = [affix for affix in common if any(c.isalpha() for c in affix)]
    return sorted(words, key=lambda affix: (-count[affix], -len(affix)))[:MOST_AFFIXES]


def _kind(letter: str) -> int:
    return 0 if letter.isdigit() else 1 if letter.isalpha() else 2


def _either(a: str, b: str) -> str:
    if a == b:
        return re.escape(a)
    both = '|'.join(re.escape(part) for part in (a, b) if part)
    return f'(?:{both})' if a and b else f'(?:{both})?'
