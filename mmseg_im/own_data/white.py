# SPDX-License-Identifier: Apache-2.0
"""Which value of images of 16 bits becomes white, and which images then show little."""

from collections.abc import Mapping

from ..errors.wording import counted
from .images import ImageFile

BITS = 8, 10, 12, 14, 16  # of a camera
SHOWN = 4
BLACK = 16  # of 255: as dark as 12 bits on the scale of 16
SHARED = (
    'Of 16 bits, files of one suffix in one folder share a white level: put those of another '
    'camera into a folder of their own.'
)
NOTHING = 'Leave out what shows nothing.'
Group = tuple[str, str]


def white_levels(
    images: Mapping[str, ImageFile], known: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Returns the value of each image that becomes 255.

    Files of 16 bits of one suffix in one folder share it: they come from one camera, and a dark
    image among them stays dark.

    Args:
        images (Mapping[str, ImageFile]): By name.
        known (Mapping[str, float], optional): White levels of training, by suffix (``'.tif'``).
    """
    of_group, known = _groups(images), known or {}
    return {
        name: known.get(_group(image)[1], full_scale(of_group[_group(image)]))
        if image.bits == 16
        else image.largest
        for name, image in images.items()
    }


def levels_by_suffix(images: Mapping[str, ImageFile]) -> dict[str, int]:
    """Returns the white level of the 16-bit files of each suffix that has one alone."""
    found: dict[str, set[int]] = {}
    for (_, suffix), largest in _groups(images).items():
        found.setdefault(suffix, set()).add(full_scale(largest))
    return {suffix: min(levels) for suffix, levels in sorted(found.items()) if len(levels) == 1}


def full_scale(largest: float) -> int:
    """The white of a camera whose brightest pixel is ``largest``: 255, 1023, 4095, 16383 or 65535.

    Cameras with 10, 12 or 14 bits write 16-bit files, which are almost black on the scale of 16.
    """
    needed = int(largest).bit_length()
    return 2 ** next(bits for bits in BITS if bits >= needed) - 1


def levels_text(images: Mapping[str, ImageFile]) -> list[str]:
    """Returns a line for each group of 16-bit files, and one for files of floats."""
    groups = sorted(_groups(images).items())
    lines = [
        f'16 bits: {full_scale(largest)} becomes white in {folder} (*{suffix}), because '
        f'{largest:.0f} is the largest value'
        for (folder, suffix), largest in groups[:SHOWN]
    ]
    if groups[SHOWN:]:
        lines.append(f'16 bits: likewise in {len(groups) - SHOWN} more groups of folder and suffix')
    floats = sum(image.bits == 32 for image in images.values())
    if floats:
        lines.append(f'floats: 1 becomes white in {counted(floats, "image")}')
    return lines


def faint_text(images: Mapping[str, ImageFile]) -> list[str]:
    """Returns a sentence about images that come out nearly black, and one about white ones."""
    levels = white_levels(images)
    black = [i for n, i in images.items() if i.bright * 255 / levels[n] < BLACK]
    white = [i for n, i in images.items() if i.dark * 255 / levels[n] > 255 - BLACK]
    return [
        f'{counted(len(found), "image")} of {len(images)} will be nearly {what}, such as '
        f'{", ".join(str(image.path) for image in found[:3])}: look at them. {remedy}'
        for what, found, remedy in (
            ('black', black, SHARED if any(i.bits == 16 for i in black) else NOTHING),
            ('white', white, NOTHING),
        ) if found
    ]  # fmt: skip


def _group(image: ImageFile) -> Group:
    return str(image.path.parent), image.path.suffix.lower()


def _groups(images: Mapping[str, ImageFile]) -> dict[Group, float]:
    """The largest value of each group of 16-bit files."""
    largest: dict[Group, float] = {}
    for image in images.values():
        if image.bits == 16:
            group = _group(image)
            largest[group] = max(largest.get(group, 0), image.largest)
    return largest
