# SPDX-License-Identifier: Apache-2.0
"""What mask files hold: codes (values or colours) and their counts; also one file a class."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import UserError
from ..files.image_size import check_size

LOSSY = ('JPEG', 'MPO')


@dataclass(frozen=True)
class MaskFile:
    """A mask that can be decoded.

    Attributes:
        path (Path): The file.
        size (tuple[int, int]): Height and width in pixels.
        coloured (bool): Whether it has colours, not values: three channels that differ.
        counts (dict[int, int]): Pixels of each code. A code is a value, or 0xRRGGBB.
        palette (tuple[int, ...]): 0xRRGGBB of each value of a palette image; else empty.
        plain (bool): Whether it is a PNG of one 8-bit channel: MMSegmentation reads it as it is.
    """

    path: Path
    size: tuple[int, int]
    coloured: bool
    counts: dict[int, int]
    palette: tuple[int, ...] = ()
    plain: bool = False


def inspect_mask(path: Path) -> MaskFile:
    """Reads a mask and counts its codes.

    Raises:
        UserError: If it cannot be decoded, is lossy, or has floats.
    """
    pixels, image_format, palette = _read(path)
    coloured = pixels.ndim == 3
    values, counts = np.unique(pack(pixels) if coloured else pixels, return_counts=True)
    found = dict(zip(values.tolist(), counts.tolist(), strict=True))
    plain = image_format == 'PNG' and pixels.dtype == np.uint8 and not coloured
    plain = plain and path.suffix == '.png' and _channels(path) == 1
    return MaskFile(path, pixels.shape[:2], coloured, found, palette, plain)


def read_codes(path: Path, coloured: bool) -> np.ndarray:
    """Codes (H, W) of a mask, int32.

    Args:
        path (Path): See :func:`inspect_mask`.
        coloured (bool): Whether codes are colours; a value v is then the gray (v, v, v), or the
            colour of its palette.
    """
    pixels, _, palette = _read(path)
    if pixels.ndim == 3:
        return pack(pixels)
    if not coloured:
        return pixels.astype(np.int32)
    return np.array([gray_code(v, palette) for v in range(256)], np.int32)[np.clip(pixels, 0, 255)]


def as_colours(mask: MaskFile) -> MaskFile:
    """A mask of values among masks of colours."""
    if mask.coloured:
        return mask
    counts: dict[int, int] = {}
    for value, count in mask.counts.items():
        code = gray_code(value, mask.palette)
        counts[code] = counts.get(code, 0) + count
    return MaskFile(mask.path, mask.size, True, counts)


def gray_code(value: int, palette: tuple[int, ...] = ()) -> int:
    """The colour of a value, as 0xRRGGBB."""
    return palette[value] if value < len(palette) else min(value, 255) * 0x010101


def pack(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of red, green and blue as (H, W) int32 of 0xRRGGBB."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def code_text(code: int, coloured: bool) -> str:
    """``7``, or ``#ff8000``."""
    return f'#{code:06x}' if coloured else str(code)


def parse_code(text: str, coloured: bool) -> int:
    """Reads ``7``, ``#ff8000`` or ``255,128,0``.

    Raises:
        UserError: If it is none of these, or not of the kind of the masks.
    """
    try:
        if text.startswith('#') and len(text) == 7:
            code, is_colour = int(text[1:], 16), True
        elif ',' in text:
            red, green, blue = (int(part) for part in text.split(','))
            if not all(0 <= part <= 255 for part in (red, green, blue)):
                raise ValueError
            code, is_colour = red << 16 | green << 8 | blue, True
        else:
            code, is_colour = int(text), False
            if code < 0:
                raise ValueError
    except ValueError:
        raise UserError(
            f'{text!r} is neither a value (7) nor a colour (#ff8000 or 255,128,0).'
        ) from None
    if is_colour and not coloured:
        raise UserError(f'{text!r} is a colour, and the masks hold values of one channel.')
    return code if is_colour or not coloured else gray_code(code)


def _read(path: Path) -> tuple[np.ndarray, str, tuple[int, ...]]:
    """Pixels, (H, W) values or (H, W, 3) uint8 colours; format; palette."""
    check_size(path, str(path))
    try:
        with Image.open(path) as image:
            if image.format in LOSSY:
                raise UserError(f'{path} is a JPEG: lossy, its values are not what was drawn.')
            if image.format == 'JPEG2000' or (image.format == 'WEBP' and _is_lossy_webp(path)):
                raise UserError(f'{path} is a lossy {image.format}. Save what was drawn as PNG.')
            if image.mode in ('F', 'CMYK', 'YCbCr', 'LAB', 'HSV'):
                raise UserError(f'{path} has the mode {image.mode}: no values and no RGB colours.')
            palette = _palette(image) if image.mode == 'P' else ()
            if image.mode in ('1', 'L', 'P') or image.mode.startswith('I'):
                pixels = np.array(image)
                pixels = pixels.astype(np.uint8) if pixels.dtype == bool else pixels
            else:  # the alpha channel says nothing about classes
                pixels = np.array(image.convert('RGB'))
                if (pixels == pixels[..., :1]).all():
                    pixels = pixels[..., 0]
            return pixels, image.format, palette
    except UserError:
        raise
    except Exception as error:  # what a broken file raises depends on its kind
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.') from error


def _is_lossy_webp(path: Path) -> bool:
    """Whether the pixels are in a chunk ``VP8``, not ``VP8L``; others may come before it."""
    content = path.read_bytes()
    at = 12
    while at + 8 <= len(content):
        chunk, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], 'little')
        if chunk in (b'VP8 ', b'VP8L'):
            return chunk == b'VP8 '
        at += 8 + size + size % 2
    return True  # an animation


def _palette(image: Image.Image) -> tuple[int, ...]:
    flat = image.getpalette('RGB') or []
    return tuple(r << 16 | g << 8 | b for r, g, b in zip(*[iter(flat)] * 3, strict=True))


def _channels(path: Path) -> int:
    with Image.open(path) as image:
        return 1 if image.mode in ('L', 'P') else len(image.getbands()) + (image.mode == '1')


@dataclass(frozen=True)
class Layers:
    """Masks that can be decoded and have one size.

    Attributes:
        paths (dict[str, Path]): The file of each class.
        size (tuple[int, int]): Height and width in pixels.
        counts (dict[str, int]): Pixels of each class.
        uncovered (int): Pixels of no class.
        overlaps (dict[tuple[str, str], int]): Pixels that two classes share, where they do.
        plain (bool): Whether ``LoadMultiLabelAnnotations`` can read all files as they are.
    """

    paths: dict[str, Path]
    size: tuple[int, int]
    counts: dict[str, int]
    uncovered: int
    overlaps: dict[tuple[str, str], int]
    plain: bool


def inspect_layers(paths: Mapping[str, Path]) -> Layers:
    """Reads the masks of one image, one for each class: 0 = absent, one other value = present.

    Raises:
        UserError: If one cannot be decoded, they differ in size, or one has a third value.
    """
    masks = {cls: inspect_mask(path) for cls, path in paths.items()}
    first = next(iter(masks.values()))
    for mask in masks.values():
        _check(mask, first)
    maps = read_layers(paths)
    overlaps = {}
    for a, b in combinations(paths, 2):
        shared = int((maps[a] & maps[b]).sum())
        if shared:
            overlaps[a, b] = shared
    return Layers(
        dict(paths),
        first.size,
        {cls: int(there.sum()) for cls, there in maps.items()},
        int((~np.any(list(maps.values()), axis=0)).sum()),
        overlaps,
        all(mask.plain and not mask.palette for mask in masks.values()),
    )


def read_layers(paths: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """(H, W) bool for each class."""
    return {cls: read_codes(path, coloured=False) > 0 for cls, path in paths.items()}


def _check(mask: MaskFile, first: MaskFile) -> None:
    if mask.size != first.size:
        raise UserError(f'{mask.path} has the size {mask.size} and {first.path} {first.size}.')
    present = sorted(code for code in mask.counts if code)
    if len(present) > 1:
        shown = ', '.join(str(code) for code in present[:5]) + (', ...' if present[5:] else '')
        raise UserError(
            f'{mask.path} holds {len(present)} values besides 0 ({shown}); the mask of one class '
            'has one.'
        )
