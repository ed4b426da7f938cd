# SPDX-License-Identifier: Apache-2.0
"""Finds the entry of each image in label files, and says which entries belong to none."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors.wording import listed
from ..folders import Flaw
from .image_names import ImageNames, folders_shared
from .label_entries import Entry, LabelFile

SEVERAL = 'Label files, or entries of one, that fit several images; name their folders, too'
UNKNOWN = 'Label files, or entries of one, whose image is not there'
OTHER_IMAGE = 'Label files whose name is that of another image than they say; correct one of them'
TWICE = 'Images with two label files or entries; keep one'


def entries_by_name(
    names: Collection[str], read: Sequence[LabelFile], broken: Sequence[Flaw]
) -> tuple[dict[str, Entry], list[Flaw]]:
    """Returns the annotated entry of each image, and the flaws of files and entries.

    Args:
        names (Collection[str]): Of the images.
        read (Sequence[LabelFile]): What the files hold.
        broken (Sequence[Flaw]): Files that cannot be read: images of their name are left out.
    """
    images = ImageNames(names)
    flaws = [replace(one, name=name) for one in broken for name in _named_like(one.file, images)]
    meant: defaultdict[str, list[Entry]] = defaultdict(list)
    unclear: list[tuple[Entry, list[str]]] = []
    for file in read:
        for entry in file.entries:
            if not entry.annotated:
                continue
            path, found = str(entry.file), images.candidates(entry.image)
            name = found[0] if found else None
            if len(found) > 1:
                unclear.append((entry, found))
                continue
            own = images.find(entry.file.stem) if len(file.entries) == 1 else None
            if name is None:
                what = f'{entry.image!r} is not among the images'
                what += f'; {own}, whose name the file has, is' if own else ''
                flaws.append(Flaw(UNKNOWN, path, what, own or ''))
            elif own not in (None, name):
                what = f'it says {entry.image!r}, and there is {own}, too'
                flaws += [Flaw(OTHER_IMAGE, path, what, image) for image in (name, own)]
            else:
                meant[name].append(entry)
    entries: dict[str, Entry] = {}
    for name, some in meant.items():
        shared = [folders_shared(entry.image, name) for entry in some]
        best, *twice = [e for e, count in zip(some, shared, strict=True) if count == max(shared)]
        entries[name] = best
        flaws += [Flaw(TWICE, f'{best.file} and {e.file}', e.image, name) for e in twice]
        flaws += [
            Flaw(UNKNOWN, str(e.file), f'{e.image!r} is not among the images; {best.image!r} is')
            for e, count in zip(some, shared, strict=True)
            if count < max(shared)
        ]
    for entry, found in unclear:
        what = f'{entry.image!r} is the end of {len(found)} paths: {listed(found, 3)}'
        others = [name for name in found if name not in meant] or ['']
        flaws += [Flaw(SEVERAL, str(entry.file), what, name) for name in others]
    bad = {flaw.name for flaw in flaws}
    return {name: entry for name, entry in entries.items() if name not in bad}, flaws


def _named_like(file: str, names: ImageNames) -> list[str]:
    """The images that a file may mean by its own name; an empty one if there is none."""
    path = Path(file).with_suffix('')
    return names.candidates(path.as_posix()) or names.candidates(path.name) or ['']
