"""Rows of pixels on disk, each named by the picture it was decoded from; they only grow in number.

A folder holds pixels of one size that were decoded in one way:

    pixels.u8   row after row, H·W·3 bytes each, RGB; what follows the last named row means nothing
    names.bin   36 bytes a row: SHA-256 of the picture file, CRC-32 of that and the row's number
    lock        locked by the process that appends

A row's bytes are flushed before its name is written, and a named row is never written again: a
process that is killed leaves nothing but unnamed bytes, and readers need no lock.
"""

import errno
import fcntl
import os
import shutil
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import DatasetError

_NAME = struct.Struct("<32sI")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MB = 1_000_000


@dataclass(frozen=True)
class PixelStore:
    """The rows of one folder, which need not exist yet.

    Attributes:
        folder: Where the files lie.
        row_shape: (H, W, 3) of each row.
    """

    folder: Path
    row_shape: tuple[int, int, int]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return prod(self.row_shape)

    def named_rows(self) -> dict[bytes, int]:
        """Row by SHA-256 (32 bytes) of the picture file, of every row that is there in whole.

        Raises:
            DatasetError: If the files cannot be read.
        """
        with disk_errors_named(self.folder):
            try:
                # In this order: each name that is read here has its row in the other file.
                names = (self.folder / "names.bin").read_bytes()
                pixel_bytes = (self.folder / "pixels.u8").stat().st_size
            except FileNotFoundError:
                return {}
        whole = min(len(names) // _NAME.size, pixel_bytes // self.row_bytes)
        entries = enumerate(_NAME.iter_unpack(names[: whole * _NAME.size]))
        return {sha256: row for row, (sha256, crc) in entries if crc == zlib.crc32(sha256, row)}

    def mapped(self, rows: int) -> npt.NDArray[np.uint8]:
        """The first rows as uint8 (rows, H, W, 3), read from disk when they are indexed.

        Raises:
            DatasetError: If the file cannot be read.
        """
        if rows == 0:  # an empty file cannot be mapped
            return np.zeros((0, *self.row_shape), np.uint8)
        with disk_errors_named(self.folder):
            path = self.folder / "pixels.u8"
            return np.asarray(np.memmap(path, np.uint8, "r", shape=(rows, *self.row_shape)))

    @contextmanager
    def appending(self) -> Iterator["RowAppender"]:
        """Hold the lock and append rows; another process that appends waits until this one ends.

        Raises:
            DatasetError: If the folder cannot be written to.
        """
        with ExitStack() as opened:
            with disk_errors_named(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                _wait_for_lock(opened.enter_context(_read_write(self.folder / "lock")), self.folder)
                names = opened.enter_context(_read_write(self.folder / "names.bin"))
                pixels = opened.enter_context(_read_write(self.folder / "pixels.u8"))
            appender = RowAppender(self, names, pixels)
            with disk_errors_named(self.folder):
                appender.forget_lost_rows()
            try:
                yield appender
            finally:
                appender.give_back_space()


class RowAppender:
    """Appends rows to a store whose lock is held."""

    def __init__(self, store: PixelStore, names: BinaryIO, pixels: BinaryIO) -> None:
        self._store = store
        self._names = names.fileno()
        self._pixels = pixels.fileno()

    @property
    def _rows(self) -> int:
        # Asked of the file each time: an interruption may fall between any two statements.
        return os.fstat(self._names).st_size // _NAME.size

    def forget_lost_rows(self) -> None:
        """Drop names whose rows are not in the file, as when only one of the files was copied."""
        there = os.fstat(self._pixels).st_size // self._store.row_bytes
        os.ftruncate(self._names, min(self._rows, there) * _NAME.size)

    def reserve(self, rows: int) -> None:
        """Take the space of so many rows from the disk, so that it cannot run out half-way.

        Raises:
            DatasetError: If there is too little; none is taken then.
        """
        needed_bytes = rows * self._store.row_bytes
        with disk_errors_named(self._store.folder, needed_bytes):
            # Where a system lacks it (macOS), a full disk is met when rows are appended.
            if rows and hasattr(os, "posix_fallocate"):
                try:
                    os.posix_fallocate(
                        self._pixels, self._rows * self._store.row_bytes, needed_bytes
                    )
                except OSError:
                    self.give_back_space()
                    raise

    def append(self, named: Sequence[tuple[bytes, Pixels]]) -> None:
        """Write rows, flush them, then name them.

        Args:
            named: SHA-256 (32 bytes) of the picture file, and its pixels, uint8 (H, W, 3).

        Raises:
            DatasetError: If they cannot be written; earlier rows stay as they are.
        """
        start, row_bytes = self._rows, self._store.row_bytes
        with disk_errors_named(self._store.folder, len(named) * row_bytes):
            for row, (_, pixels) in enumerate(named, start):
                _write_at(self._pixels, row * row_bytes, np.ascontiguousarray(pixels).data)
            os.fsync(self._pixels)
            names = (
                _NAME.pack(sha256, zlib.crc32(sha256, row))
                for row, (sha256, _) in enumerate(named, start)
            )
            _write_at(self._names, start * _NAME.size, memoryview(b"".join(names)))
            os.fsync(self._names)

    def give_back_space(self) -> None:
        """Cut off what was reserved and not used."""
        with suppress(OSError):  # then it stays reserved for the next rows
            os.ftruncate(self._pixels, self._rows * self._store.row_bytes)


@contextmanager
def disk_errors_named(folder: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turn what the system says of the cache's files into an error that says what to do.

    Args:
        folder: Where the cache lies.
        needed_bytes: What it is about to grow by.

    Raises:
        DatasetError: In place of any OSError.
    """
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error)
        if error.errno in _NO_SPACE:
            raise DatasetError(
                f"expected {-(-needed_bytes // _MB)} MB free in {str(folder)!r} for decoded "
                f"pictures. Received: {said}, {shutil.disk_usage(folder).free // _MB} MB free. "
                "Name another folder with --cache, or free space."
            ) from error
        raise DatasetError(
            "expected a folder in which decoded pictures can be kept. "
            f"Received: {str(folder)!r}: {said}. Name another folder with --cache."
        ) from error


def _read_write(path: Path) -> BinaryIO:
    path.touch()
    return path.open("r+b", buffering=0)


def _wait_for_lock(lock: BinaryIO, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("pixels: waiting for another process that decodes into %s", folder)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _write_at(descriptor: int, offset: int, content: memoryview) -> None:
    left = content.cast("B")
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written
