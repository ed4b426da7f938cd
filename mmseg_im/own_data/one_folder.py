# SPDX-License-Identifier: Apache-2.0
"""Images and masks side by side in one folder: which of the files are masks."""

import glob
import os
import re
import shlex
from collections import Counter
from pathlib import Path

from .folders import SUFFIXES, composed, find_images, tail_of
from .other_labels import other_labels_text

LOSSLESS = ('.png', '.bmp', '.gif', '.tif', '.tiff')
WORDS = re.compile('mask|label|annot|ground.?truth|(?<![a-z])gt(?![a-z])|(?<![a-z])seg', re.I)


def one_folder_text(folder: str | os.PathLike) -> str:
    """Says which files of a folder look like masks, with the option that takes them as such."""
    found = composed(find_images(folder))
    files = [path.relative_to(folder).as_posix() for paths in found.values() for path in paths]
    heads = {file.partition('/')[0] for file in files if '/' in file}
    of_masks = [head for head in heads if WORDS.search(head)]
    if len(of_masks) == 1:
        others = sorted(heads - {*of_masks})
        inside = len(others) == 1 and all('/' in file for file in files)
        of_images = os.path.join(folder, others[0]) if inside else folder
        return (
            f'Images and masks lie in one folder, {folder}. If masks are in its folder '
            f'{of_masks[0]}, name both: {shlex.quote(str(of_images))} '
            f'{shlex.quote(os.path.join(folder, of_masks[0]))}'
        )
    other = other_labels_text(folder, and_images=True)
    for pattern, why in (_same_name(found), _tails(found), _words(files)):
        if pattern:
            return (
                f'Images and masks lie in one folder, {folder}: {why}. If these are the masks, add '
                f'--mask-files {shlex.quote(pattern)}'
            )
    return f'Images and masks lie in one folder, {folder}. ' + (
        other
        or 'Put the masks into one of their own, or say which files are masks: --mask-files '
        f"'*_mask.png' ({', '.join(SUFFIXES)})."
    )


def _same_name(found: dict[str, list[Path]]) -> tuple[str, str]:
    """``a.jpg`` beside ``a.png``."""
    pairs = Counter(
        tuple(sorted(path.suffix for path in paths)) for paths in found.values() if len(paths) == 2
    )
    for (a, b), count in pairs.most_common(1):
        lossless = [suffix for suffix in (a, b) if suffix.lower() in LOSSLESS]
        if len(lossless) == 1:
            return f'*{lossless[0]}', f'{count} names have a file {a} and a file {b}'
    return '', ''


def _tails(found: dict[str, list[Path]]) -> tuple[str, str]:
    """``a.jpg`` beside ``a_mask.png``."""
    tails = Counter(tail for name in found if (tail := tail_of(name, found.keys() - {name})))
    for tail, count in tails.most_common(1):
        suffixes = {p.suffix for n, paths in found.items() if n.endswith(tail) for p in paths}
        suffix = suffixes.pop() if len(suffixes) == 1 else '.*'
        why = f'{count} of {len(found)} files are called as another and {tail!r}'
        return f'*{glob.escape(tail)}{suffix}', why
    return '', ''


def _words(files: list[str]) -> tuple[str, str]:
    """``image_0.png`` beside ``mask_0.png``, ``a/images/0.png`` beside ``a/masks/0.png``."""
    words = Counter(word for file in files for word in {found[0] for found in WORDS.finditer(file)})
    for word, count in words.most_common():
        if count < len(files):
            return f'*{glob.escape(word)}*', f'{count} of {len(files)} have {word!r} in their path'
    return '', ''
