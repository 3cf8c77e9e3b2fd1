"""Files that are whole or not there, and errors that say what to do about a disk."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = "the disk is full; what is finished is kept: free some space and use --resume"


class StorageError(RuntimeError):
    """Results cannot be written or read: a full disk, a damaged or foreign file."""


def write_whole(target: Path, content: bytes) -> None:
    """Write `content` so that `target` is either the whole of it or what it was before.

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written.
    """
    partial = target.with_name(f"{target.name}.part")
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(target)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def free_text(place: str | Path) -> str:
    """Return how much is free on the disk of a path, its nearest folder that exists."""
    folder = Path(place).absolute()
    while not folder.exists():
        folder = folder.parent
    return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free"


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a failure to write `path` into a StorageError that says what to do.

    Raises
    ------
    StorageError
        In place of an OSError or an error of SQLite.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageError(f"{path}: {_FULL}") from error
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise StorageError(f"{path}: {_FULL}") from error
        raise StorageError(f"{path}: the catalogue cannot be used: {error}") from error
