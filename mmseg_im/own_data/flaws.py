# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the files: everything, by name."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Flaw:
    """One flaw of one file.

    Attributes:
        kind (str): What all flaws of this kind have in common, with the remedy.
        file (str): The file.
        what (str): What is wrong with it in particular; empty where ``kind`` says all.
        name (str): The image that is left out because of it; empty if none is.
    """

    kind: str
    file: str
    what: str = ''
    name: str = ''


def flaws_text(flaws: Iterable[Flaw]) -> str:
    """All flaws, by kind, one file a line."""
    lines, kind = [], None
    for flaw in sorted(set(flaws)):
        if flaw.kind != kind:
            kind = flaw.kind
            lines.append(f'{kind}:')
        lines.append(f'  {flaw.file}' + (f': {flaw.what}' if flaw.what else ''))
    return '\n'.join(lines)
