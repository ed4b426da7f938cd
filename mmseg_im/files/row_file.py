# SPDX-License-Identifier: Apache-2.0
"""A file of many rows by name, in SQLite: memory does not grow with their number."""

import contextlib
import errno
import json
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import UserError
from ..errors.disk import unwritable
from .atomic import parse_json
from .json_shape import shape_error
from .safe_names import flaw_of_name

TABLES = (
    'CREATE TABLE head (value TEXT)',
    'CREATE TABLE rows (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID',
)
# what a file that another hand made might hold must neither run nor be trusted
GUARDS = ('PRAGMA trusted_schema = OFF', 'PRAGMA cell_size_check = ON')


def write_rows(path: str | os.PathLike, head: dict, rows: Iterable[tuple[str, str]]) -> None:
    """Writes a file of rows atomically: beside its place, then renamed.

    Args:
        path (str or PathLike): The file; an existing one is replaced.
        head (dict): JSON values that belong to all rows.
        rows (Iterable[tuple[str, str]]): Name and JSON of each, in any order; the last of a name
            counts.

    Raises:
        UserError: If the disk is full or the folder is not writable; nothing is left behind.
    """
    target = Path(path)
    aside = target.with_name(f'.{target.name}.{uuid.uuid4().hex}.tmp')
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # nobody else knows the file, and locks do not work on every cluster's file system
        with contextlib.closing(_connect(aside, 'nolock=1')) as connection:
            connection.execute('PRAGMA journal_mode = OFF')
            connection.execute('PRAGMA synchronous = OFF')
            _fill(connection, head, rows)
        os.replace(aside, target)
    except OSError as error:
        raise UserError(unwritable(path, error)) from error
    except sqlite3.Error as error:
        code = errno.ENOSPC if 'full' in str(error) else errno.EIO
        raise UserError(unwritable(path, OSError(code, str(error)))) from error
    finally:
        aside.unlink(missing_ok=True)


class RowFile(Mapping[str, dict]):
    """The rows of a file by name, each read and checked when it is asked for.

    Iteration is in the order of the names. Of one process: open it again after a fork.

    Args:
        path (Path): The file.
        head (Any): Shape of its head, see :func:`~.json_shape.shape_error`.
        row (Any): Shape of a row.
        remedy (str): What the user should do if it is damaged, for the messages.
        content (tuple[dict, dict[str, dict]], optional): Head and rows that were read from
            ``path`` already, because it is of another format.

    Raises:
        UserError: If it is damaged or holds something else, now or when a row is read.
    """

    def __init__(
        self,
        path: Path,
        head: Any,
        row: Any,
        remedy: str,
        content: tuple[dict, Mapping[str, dict]] | None = None,
    ):
        self.path, self.remedy, self._shape = path, remedy, row
        with self._reading():
            if content is None:
                self._rows = _connect(path, 'mode=ro&immutable=1')
                for guard in GUARDS:
                    self._rows.execute(guard)
                self._check_tables()
            else:
                self._rows = sqlite3.connect(':memory:')
                rows = ((name, json.dumps(value)) for name, value in content[1].items())
                _fill(self._rows, content[0], rows)
            [(text,)] = self._rows.execute('SELECT value FROM head')
            self.head: dict = self._parse(text, head, 'head')

    def __len__(self) -> int:
        with self._reading():
            [(count,)] = self._rows.execute('SELECT count(*) FROM rows')
        return count

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs())

    def __getitem__(self, name: str) -> dict:
        with self._reading():
            found = self._rows.execute('SELECT value FROM rows WHERE name = ?', [name]).fetchone()
            if found is not None:
                return self._parse(found[0], self._shape, name)
        raise KeyError(name)

    def pairs(self) -> Iterator[tuple[str, dict]]:
        """Yields name and row of all, in the order of the names, in one pass."""
        with self._reading():
            for name, text in self._rows.execute('SELECT name, value FROM rows ORDER BY name'):
                flaw = flaw_of_name(name) if isinstance(name, str) else 'is no text'
                if flaw:
                    raise ValueError(f'the name {name!r} {flaw}')
                yield name, self._parse(text, self._shape, name)

    def _check_tables(self) -> None:
        found = self._rows.execute('SELECT sql FROM sqlite_master ORDER BY name')
        if tuple(sql for (sql,) in found) != TABLES:
            raise ValueError('it holds other tables')
        [(pages,)] = self._rows.execute('PRAGMA page_count')
        [(size,)] = self._rows.execute('PRAGMA page_size')
        if os.path.getsize(self.path) != pages * size:
            raise ValueError('it is cut off')

    def _parse(self, text: Any, shape: Any, name: str) -> dict:
        if not isinstance(text, str):
            raise ValueError(f'{name}: no text')
        value = parse_json(text)
        problem = shape_error(value, shape, name)
        if problem:
            raise ValueError(problem)
        return value

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f'{self.path} is damaged ({error}). {self.remedy}') from error


def _connect(path: Path, options: str) -> sqlite3.Connection:
    # autocommit, and usable from a thread that closes it
    return sqlite3.connect(
        f'file:{quote(os.path.abspath(path))}?{options}',
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )


def _fill(connection: sqlite3.Connection, head: dict, rows: Iterable[tuple[str, str]]) -> None:
    for table in TABLES:
        connection.execute(table)
    connection.execute('BEGIN')
    connection.execute('INSERT INTO head VALUES (?)', [json.dumps(head, allow_nan=False)])
    connection.executemany('INSERT OR REPLACE INTO rows VALUES (?, ?)', rows)
    connection.execute('COMMIT')
