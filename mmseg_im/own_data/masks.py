# SPDX-License-Identifier: Apache-2.0
"""What mask files hold: codes (values or colours) and their counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ..datasets.image_files import lossy_kind
from ..errors import UserError
from ..files.image_size import check_size
from .mask_edges import edges_and_slopes

THRESHOLD = 128
CLEAR = 0.95  # share of black and white pixels in a mask that can be thresholded


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
        edges, slopes (dict[int, int]): Pixels of each code that touch another, and that lie between
            two others; see :func:`~.mask_edges.edges_and_slopes`.
    """

    path: Path
    size: tuple[int, int]
    coloured: bool
    counts: dict[int, int]
    palette: tuple[int, ...] = ()
    plain: bool = False
    edges: Mapping[int, int] = field(default_factory=dict)
    slopes: Mapping[int, int] = field(default_factory=dict)


def inspect_mask(path: Path, threshold: bool = False) -> MaskFile:
    """Reads a mask and counts its codes.

    Args:
        path (Path): The file.
        threshold (bool): Whether a black and white mask may be lossy; it is then one of 0 and 255.

    Raises:
        UserError: If it cannot be decoded, is lossy, or has floats.
    """
    pixels, image_format, palette = _read(path, threshold)
    coloured = pixels.ndim == 3
    codes = pack(pixels) if coloured else pixels
    values, counts = np.unique(codes, return_counts=True)
    found = dict(zip(values.tolist(), counts.tolist(), strict=True))
    plain = image_format == 'PNG' and pixels.dtype == np.uint8 and not coloured
    plain = plain and path.suffix == '.png' and _channels(path) == 1
    around = edges_and_slopes(codes, _look_of(coloured, palette))
    return MaskFile(path, codes.shape, coloured, found, palette, plain, *around)


def _look_of(coloured: bool, palette: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """What codes look like: grays (N, 1), or red, green, blue (N, 3) of colours and palettes."""
    if not coloured and not palette:
        return lambda codes: codes[:, None]
    table = np.array([gray_code(v, palette) for v in range(256)], np.int32) if palette else None

    def look(codes: np.ndarray) -> np.ndarray:
        packed = codes if table is None else table[codes]
        return packed[:, None] >> np.array((16, 8, 0)) & 255

    return look


def read_codes(path: Path, coloured: bool) -> np.ndarray:
    """Codes (H, W) of a mask, int32.

    Args:
        path (Path): A file that :func:`inspect_mask` accepts.
        coloured (bool): Whether codes are colours; a value v is then the gray (v, v, v), or the
            colour of its palette.
    """
    pixels, _, palette = _read(path, threshold=True)
    if pixels.ndim == 3:
        return pack(pixels)
    if not coloured:
        return pixels.astype(np.int32)
    return np.array([gray_code(v, palette) for v in range(256)], np.int32)[np.clip(pixels, 0, 255)]


def as_colours(mask: MaskFile) -> MaskFile:
    """A mask of values among masks of colours."""
    if mask.coloured:
        return mask
    found: list[dict[int, int]] = [{}, {}, {}]
    for counts, of_values in zip(found, (mask.counts, mask.edges, mask.slopes), strict=True):
        for value, count in of_values.items():
            code = gray_code(value, mask.palette)
            counts[code] = counts.get(code, 0) + count
    counts, edges, slopes = found
    return MaskFile(mask.path, mask.size, True, counts, edges=edges, slopes=slopes)


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


def _read(path: Path, threshold: bool) -> tuple[np.ndarray, str, tuple[int, ...]]:
    """Pixels, (H, W) values or (H, W, 3) uint8 colours; format; palette."""
    check_size(path, str(path))
    try:
        with Image.open(path) as image:
            kind = lossy_kind(str(path))
            if kind:
                return _thresholded(image, path, kind, threshold), kind, ()
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


def _thresholded(image: Image.Image, path: Path, kind: str, allowed: bool) -> np.ndarray:
    """A lossy mask as (H, W) uint8 of 0 and 255, if it was black and white and this is allowed."""
    pixels = np.array(image.convert('RGB'))
    gray = np.ptp(pixels, axis=-1) < THRESHOLD // 2
    clear = (abs(pixels[..., 1].astype(int) - THRESHOLD) >= THRESHOLD // 2) & gray
    black_and_white = clear.mean() >= CLEAR and pixels.max() >= THRESHOLD > pixels.min()
    empty = not pixels.any()
    if allowed and (black_and_white or empty):
        return np.where(pixels[..., 1] >= THRESHOLD, 255, 0).astype(np.uint8)
    if allowed:
        remedy = 'it is not black and white, so --threshold says nothing. Save it as PNG.'
    elif black_and_white:
        remedy = f'save it as PNG, or read {THRESHOLD} and above as 255: --threshold.'
    else:
        remedy = 'save what was drawn as PNG.'
    raise UserError(f'{path} is a lossy {kind}: its values are not what was drawn; {remedy}')


def _palette(image: Image.Image) -> tuple[int, ...]:
    flat = image.getpalette('RGB') or []
    return tuple(r << 16 | g << 8 | b for r, g, b in zip(*[iter(flat)] * 3, strict=True))


def _channels(path: Path) -> int:
    with Image.open(path) as image:
        return 1 if image.mode in ('L', 'P') else len(image.getbands()) + (image.mode == '1')
