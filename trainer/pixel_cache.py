"""Decoded pictures of a data set, kept on disk: a picture is decoded once, whichever run needs it.

Rows are named by the content of the picture file, so that data sets share them.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import __version__ as pillow_version
from PIL import features

from edge_runtime.console import log, progress
from edge_runtime.contract.manifest import Picture, require_unchanged
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess
from edge_runtime.errors import DatasetError, MelanomaError
from trainer.pixel_store import PixelStore

# Raise it when preprocess() gives other pixels for the same Preprocessing.
_PREPROCESS_REVISION = 2
# Decoders that lose something: another version may give other pixels.
_LOSSY_DECODERS = ("jpg", "libjpeg_turbo", "webp")
_MAX_BATCH = 64  # what an interruption costs at most
_MAX_BATCH_BYTES = 32 * 1024 * 1024

# The pixels, or why by file.
_Decoded = Pixels | dict[str, str]
_Decoder = Callable[[Sequence[Picture]], _Decoded]


class CachedPixels:
    """Pixels of pictures, in the pictures' order, read from disk when they are asked for.

    Attributes:
        shape: (n, H, W, 3).
    """

    def __init__(self, stored: Pixels, row_of_picture: npt.NDArray[np.int64]) -> None:
        self._stored = stored
        self._row_of_picture = row_of_picture
        self.shape: tuple[int, int, int, int] = (len(row_of_picture), *stored.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def rows(self, indices: npt.NDArray[np.int_] | slice) -> npt.NDArray[np.uint8]:
        """Pixels of some pictures.

        Args:
            indices: Which pictures, integers (n,) in any order and as often as wanted, or a slice.

        Returns:
            uint8 array (n, H, W, 3), RGB, 0 … 255, the caller's own; black where a picture is
            unusable.
        """
        stored_rows = self._row_of_picture[indices]
        usable = stored_rows >= 0
        if usable.all():
            return self._stored[stored_rows]
        pixels = np.zeros((len(stored_rows), *self.shape[1:]), np.uint8)
        pixels[usable] = self._stored[stored_rows[usable]]
        return pixels


def default_root() -> Path:
    """Where pixels are kept if no folder is named: ``$MELANOMA_CACHE``, or in the user's cache.

    Raises:
        DatasetError: If this user has no home.
    """
    named = os.environ.get("MELANOMA_CACHE", "")
    if named:
        return Path(named)
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if caches.is_absolute():  # the XDG specification says to ignore any other
        return caches / "melanoma-edge"
    try:
        return Path.home() / ".cache" / "melanoma-edge"
    except RuntimeError as error:
        raise DatasetError(
            f"expected a home folder to keep decoded pictures in. Received: none ({error}). "
            "Name a folder with --cache."
        ) from error


def open_pixel_cache(
    folder: Path,
    pictures: Sequence[Picture],
    spec: Preprocessing,
    *,
    root: Path,
    workers: int | None = None,
) -> tuple[CachedPixels, dict[str, str]]:
    """The pixels of the pictures; those that the cache lacks are decoded and kept.

    An interruption at any moment loses a batch at most. What is in the cache is used even if its
    file is gone; pictures that cannot be used are tried again each time.

    Args:
        folder: The data set.
        pictures: Which pictures of it.
        spec: From picture to pixels; uint8 (H, W, 3).
        root: Folder of the cache, shared by runs and data sets.
        workers: Threads that decode; as many as the process has cores if None.

    Returns:
        The pixels, in the order of ``pictures``; and why, by file, for each that is unusable.

    Raises:
        DatasetError: If the cache cannot be read or written, or the disk is full. What was in the
            cache stays there.
    """
    store = PixelStore(root / "pixels" / _decoding_name(spec), (*spec.size_hw, 3))
    contents = _by_content(pictures)
    unusable: dict[str, str] = {}
    row_of = store.named_rows()
    if not contents.keys() <= row_of.keys():
        threads = _usable_cores() if workers is None else workers
        row_of, unusable = _fill(store, contents, partial(_decode, folder, spec), threads)
    rows = np.array([row_of.get(bytes.fromhex(p.sha256), -1) for p in pictures], np.int64)
    lost = [p.file for p, row in zip(pictures, rows, strict=True) if row < 0]
    if lost != [p.file for p in pictures if p.file in unusable]:
        raise DatasetError(
            "expected every decoded picture in the cache. "
            f"Received: {str(store.folder)!r}, which was removed meanwhile. Start again."
        )
    return CachedPixels(store.mapped(int(rows.max(initial=-1)) + 1), rows), unusable


def _decoding_name(spec: Preprocessing) -> str:
    """A folder name that stands for everything but the picture that the pixels depend on."""
    depends_on = {
        "preprocessing": dataclasses.asdict(spec),
        "revision": _PREPROCESS_REVISION,
        "pillow": pillow_version,
        "decoders": {name: features.version(name) for name in _LOSSY_DECODERS},
    }
    digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()
    height, width = spec.size_hw
    return f"{height}x{width}-pillow-{pillow_version}-{digest[:16]}"


def _by_content(pictures: Sequence[Picture]) -> dict[bytes, list[Picture]]:
    copies: dict[bytes, list[Picture]] = {}
    for picture in pictures:
        copies.setdefault(bytes.fromhex(picture.sha256), []).append(picture)
    return copies


def _fill(
    store: PixelStore, contents: dict[bytes, list[Picture]], decode: _Decoder, workers: int
) -> tuple[dict[bytes, int], dict[str, str]]:
    """Decode and keep what the store lacks; the store's rows, and why by unusable file."""
    unusable: dict[str, str] = {}
    # Threads: Pillow lets others run while it decodes, and TensorFlow bears no forks.
    with store.appending() as appender, _threads(workers) as pool:
        there = contents.keys() & store.named_rows().keys()
        if there:
            log.info("pixels: %d of %d are in the cache", len(there), len(contents))
        missing = [copies for content, copies in contents.items() if content not in there]
        appender.reserve(len(missing))
        step = min(_MAX_BATCH, max(workers, _MAX_BATCH_BYTES // store.row_bytes))
        batches = _decoded_batches(pool, missing, decode, step)
        for batch in progress(batches, len(contents), "pixels", done=len(there), step=step):
            named = []
            for copies, decoded in batch:
                if isinstance(decoded, dict):
                    unusable |= decoded
                else:
                    named.append((bytes.fromhex(copies[0].sha256), decoded))
            appender.append(named)
        return store.named_rows(), unusable


def _decoded_batches(
    pool: ThreadPoolExecutor, missing: Sequence[list[Picture]], decode: _Decoder, step: int
) -> Iterator[list[tuple[list[Picture], _Decoded]]]:
    """Batches of copies with what was decoded; the next is decoded while the last is written."""
    waiting: list[tuple[list[Picture], Future[_Decoded]]] = []
    for start in range(0, len(missing), step):
        upcoming = [
            (copies, pool.submit(decode, copies)) for copies in missing[start : start + step]
        ]
        if waiting:
            yield [(copies, future.result()) for copies, future in waiting]
        waiting = upcoming
    if waiting:
        yield [(copies, future.result()) for copies, future in waiting]


def _decode(folder: Path, spec: Preprocessing, copies: Sequence[Picture]) -> _Decoded:
    """Pixels of one content, from the first of its files that can be used; else why none can."""
    reasons = {}
    for picture in copies:
        try:
            return preprocess(require_unchanged(folder, picture), spec)
        except MelanomaError as error:
            reasons[picture.file] = str(error)
    return reasons


@contextmanager
def _threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool that, interrupted, does not first finish what waits."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _usable_cores() -> int:
    # A batch system may give a process fewer cores than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
