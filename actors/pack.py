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

# where the fields of a header are that differ between members (POSIX.1-1988, ustar)
_NAME: Final = slice(0, 100)
_SIZE: Final = slice(124, 135)
_CHECKSUM: Final = slice(148, 156)  # of the bytes of the header, itself taken as spaces


def _blank() -> bytes:
    block = bytearray(TarInfo().tobuf(USTAR_FORMAT))
    block[_NAME], block[_SIZE], block[_CHECKSUM] = bytes(100), bytes(11), b" " * 8
    return bytes(block)


_BLANK: Final = _blank()
_BLANK_SUM: Final = sum(_BLANK)


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
            parts += [_header(name, len(content)), content, bytes(-len(content) % BLOCKSIZE)]
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


def _header(name: str, size: int) -> bytes:
    """Return the header of a member, as `tarfile.TarInfo` makes it in ten times the time."""
    field, digits = name.encode(), b"%011o" % size
    if len(field) > _NAME.stop:
        raise ValueError(f"name: expected at most {_NAME.stop} bytes, was {name!r}")
    block = bytearray(_BLANK)
    block[: len(field)] = field
    block[_SIZE] = digits
    block[_CHECKSUM] = b"%06o\0 " % (_BLANK_SUM + sum(field) + sum(digits))
    return bytes(block)


def end_of(at: int, size: int) -> int:
    """Return where the next member may begin, after a content of `size` bytes at `at`."""
    return at + size + -size % BLOCKSIZE
