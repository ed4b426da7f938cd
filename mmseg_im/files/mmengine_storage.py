# SPDX-License-Identifier: Apache-2.0
"""mmengine's storage on the local disk, with atomic writes."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from .whole import write_aside


class WholeFileBackend(LocalBackend):
    """mmengine's local storage with atomic writes: a file appears when all of it is written.

    Checkpoints, dumped results and pictures go through it. mmengine's own leaves half a
    checkpoint behind when the disk is full or the process is killed.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Writes bytes, see :func:`~mmseg_im.files.whole.write_aside`."""
        write_aside(filepath, obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Writes text, see :func:`~mmseg_im.files.whole.write_aside`."""
        write_aside(filepath, obj.encode(encoding))


def register_whole_files() -> None:
    """Makes :class:`WholeFileBackend` what mmengine uses for paths without a scheme."""
    register_backend('local', WholeFileBackend, force=True, prefixes='')
