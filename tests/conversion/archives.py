# SPDX-License-Identifier: Apache-2.0
"""Miniature archives with the names, encodings and trees of the true ones."""

import io
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)


def encode(array: np.ndarray, suffix: str = '.png') -> bytes:
    """An image file's content; arrays are gray or BGR."""
    return cv2.imencode(suffix, array)[1].tobytes()


def noise(height: int = 6, width: int = 8, channels: int = 3) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


def palette_png(ids: np.ndarray) -> bytes:
    """An annotation as VOC ships it: indices into a palette of colours."""
    image = Image.fromarray(ids)
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768, dtype=np.uint8).tobytes())
    content = io.BytesIO()
    image.save(content, 'PNG')
    return content.getvalue()


def read(path: Path, flag: int = cv2.IMREAD_UNCHANGED) -> np.ndarray:
    image = cv2.imread(str(path), flag)
    assert image is not None, path
    return image


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_tar(path: Path, files: dict[str, bytes], mode: str = 'w') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, and its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }
