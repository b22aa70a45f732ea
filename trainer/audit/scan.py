"""Reads every picture once: whether training could use it, its size, and its fingerprint."""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from edge_runtime.console import progress
from edge_runtime.contract.preprocess import Pixels, preprocess, read_picture
from edge_runtime.errors import InputError
from trainer.audit.fingerprint import LENGTH, THUMBNAIL, Fingerprints, fingerprint

T = TypeVar("T")
R = TypeVar("R")
_IN_FLIGHT = 16  # a worker: enough to keep it busy, few enough to end soon after Ctrl-C


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What reading the pictures gave, in their order.

    Attributes:
        sizes_wh: Width and height in pixels; None for one that cannot be used.
        problems: Why a picture cannot be used; None for one that can.
        fingerprints: int8 (n, 63); zeros for a picture that is unusable or even.
    """

    sizes_wh: tuple[tuple[int, int] | None, ...]
    problems: tuple[str | None, ...]
    fingerprints: Fingerprints


def scan_pictures(paths: Sequence[Path], *, workers: int | None = None) -> Scan:
    """Read the pictures as training would, which refuses what cannot be used."""
    sizes: list[tuple[int, int] | None] = []
    problems: list[str | None] = []
    fingerprints = np.zeros((len(paths), LENGTH), np.int8)
    results = in_threads(_read, paths, workers)
    for row, result in enumerate(progress(results, len(paths), "pictures")):
        if isinstance(result, str):
            problems.append(result)
            sizes.append(None)
        else:
            problems.append(None)
            size_wh, fingerprints[row] = result
            sizes.append(size_wh)
    return Scan(sizes_wh=tuple(sizes), problems=tuple(problems), fingerprints=fingerprints)


def read_thumbnail(path: Path) -> Pixels | None:
    """uint8 RGB (64, 64, 3); None if the file has become unusable meanwhile."""
    try:
        return preprocess(path, THUMBNAIL)
    except InputError:
        return None


def in_threads(work: Callable[[T], R], items: Iterable[T], workers: int | None) -> Iterator[R]:
    """The results in the order of the items, a bounded number of them ahead."""
    workers = workers or available_cores()
    pool = ThreadPoolExecutor(workers)
    try:
        waiting = []
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= workers * _IN_FLIGHT:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(path: Path) -> tuple[tuple[int, int], Fingerprints] | str:
    try:
        encoded = read_picture(path)
        thumbnail = preprocess(encoded, THUMBNAIL)
    except InputError as error:
        return str(error)
    with Image.open(io.BytesIO(encoded)) as image:
        size_wh = image.size
    return size_wh, fingerprint(thumbnail)
