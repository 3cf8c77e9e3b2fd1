"""One file for the series of a run's matches: a tar archive that only grows.

A file per match and series costs a driver more than everything else it does (creating one takes milliseconds
on busy disks), and a hundred thousand matches would leave three hundred thousand of them. `tar -xf
series.tar` gives the Parquet files back; the catalogue knows where in the archive each begins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tarfile import BLOCKSIZE, USTAR_FORMAT, TarInfo
from typing import Final, Self

from actors.storage import storage_errors

_END: Final = bytes(2 * BLOCKSIZE)


class Pack:
    """The archive, opened to be written from byte `end` on; what is behind that is dropped.

    Raises
    ------
    StorageError
        The file cannot be written.
    """

    def __init__(self, path: Path, *, end: int) -> None:
        self.path = path
        self._at = end
        with storage_errors(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(self._file, end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive with the two empty blocks that tar expects; with a full disk, without them."""
        try:
            if self._at:
                os.pwrite(self._file, _END, self._at)
        except OSError:
            os.ftruncate(self._file, self._at)
        finally:
            os.close(self._file)

    def append(self, members: Iterable[tuple[str, bytes]]) -> list[int]:
        """Write members, names and contents, all or none, and return where each content begins.

        Raises
        ------
        StorageError
            The disk is full or the file cannot be written.
        """
        parts, places, at = [], [], self._at
        for name, content in members:
            header = TarInfo(name)
            header.size = len(content)
            parts += [header.tobuf(USTAR_FORMAT), content, bytes(-len(content) % BLOCKSIZE)]
            places.append(at + BLOCKSIZE)
            at = end_of(places[-1], len(content))
        with storage_errors(self.path):
            self._write(b"".join(parts))
        self._at = at
        return places

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._file, memoryview(data)[written:], self._at + written)
        except OSError:
            os.ftruncate(self._file, self._at)
            raise


def end_of(at: int, size: int) -> int:
    """Return where the next member may begin, after a content of `size` bytes at `at`."""
    return at + size + -size % BLOCKSIZE
