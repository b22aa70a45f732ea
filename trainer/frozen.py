"""Outputs of the frozen part of the network, computed once: what is frozen need not run twice."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import display_name, log, progress
from edge_runtime.errors import DatasetError
from trainer.durable import written_whole

Indices = npt.NDArray[np.int_]
Batch = Callable[[int, Indices], Any]


@dataclass(frozen=True, kw_only=True)
class FrozenJob:
    """What to compute and where it is kept.

    Attributes:
        name: As in ``features``; names the files and the progress.
        folder: Keeps what is done; an interrupted run goes on from there.
        key: Names pictures, weights, network and views; another key starts anew.
        pictures: Number of pictures.
        augmented: Indices of the pictures that also have augmented views.
        views: Number of augmented views of each of these.
        batch_size: Pictures at a time.
        dtype: Of the stored outputs.
    """

    name: str
    folder: Path
    key: str
    pictures: int
    augmented: Indices
    views: int
    batch_size: int
    dtype: type[np.floating[Any]]


class FrozenOutputs:
    """Stored outputs by view and picture, memory-mapped."""

    def __init__(self, stored: npt.NDArray[Any], job: FrozenJob) -> None:
        self._stored = stored
        self._pictures = job.pictures
        self._augmented = len(job.augmented)
        self._rank = np.full(job.pictures, -1)
        self._rank[job.augmented] = np.arange(self._augmented)

    def rows(self, view: npt.NDArray[np.int_] | int, indices: Indices) -> npt.NDArray[np.float32]:
        """float32 (n, …): the outputs of the pictures, each in its view; 0 is the picture itself.

        Args:
            view: One number for all, or one for each.
            indices: Pictures (n,); with an augmented view only those that have one.
        """
        return self._stored[self._positions(view, indices)].astype(np.float32, copy=False)

    def store(self, view: int, indices: Indices, outputs: npt.NDArray[Any]) -> None:
        """Keep outputs (n, …)."""
        self._stored[self._positions(view, indices)] = outputs

    def flush(self) -> None:
        """Bring what was stored to the disk."""
        if isinstance(self._stored, np.memmap):
            self._stored.flush()

    def _positions(self, view: npt.NDArray[np.int_] | int, indices: Indices) -> Indices:
        augmented = self._pictures + (np.asarray(view) - 1) * self._augmented + self._rank[indices]
        return np.where(np.asarray(view) == 0, indices, augmented)


def compute_frozen(model: Any, batch_of: Batch, job: FrozenJob) -> FrozenOutputs:
    """Outputs of a frozen network for all pictures and views.

    Args:
        model: Keras model with one output (n, …).
        batch_of: Gives the model's input for a view and the indices of pictures.
        job: What to compute and where to keep it.

    Raises:
        DatasetError: If the disk has no room for them.
    """
    shape = (job.pictures + job.views * len(job.augmented), *model.output.shape[1:])
    stored, done = _open_store(job, tuple(int(side) for side in shape))
    outputs = FrozenOutputs(stored, job)
    chunks = list(_chunks(job))
    if done:
        log.info("%s: going on after %d of %d batches", job.name, done, len(chunks))
    todo = progress(iter(chunks[done:]), len(chunks), f"{job.name}, batches", done=done)
    for number, (view, indices) in enumerate(todo, done + 1):
        outputs.store(view, indices, np.asarray(model.predict_on_batch(batch_of(view, indices))))
        outputs.flush()
        _save_progress(job, number)
    return outputs


def _chunks(job: FrozenJob) -> Iterator[tuple[int, Indices]]:
    for view in range(job.views + 1):
        indices = np.arange(job.pictures) if view == 0 else job.augmented
        for start in range(0, len(indices), job.batch_size):
            yield view, indices[start : start + job.batch_size]


def _open_store(job: FrozenJob, shape: tuple[int, ...]) -> tuple[npt.NDArray[Any], int]:
    """The array, and how many batches of it are done."""
    path = job.folder / f"{job.name}.npy"
    try:
        state = json.loads((job.folder / f"{job.name}.json").read_text(encoding="utf-8"))
        if state["key"] == _full_key(job):
            np.load(path, mmap_mode="r")  # refuses a file cut short; "r+" would lengthen it
            return np.lib.format.open_memmap(path, "r+"), int(state["done"])
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        pass  # nothing usable is there: begin anew
    (job.folder / f"{job.name}.json").unlink(missing_ok=True)
    size = int(np.prod(shape)) * np.dtype(job.dtype).itemsize
    try:
        array = np.lib.format.open_memmap(path, "w+", job.dtype, shape)
        # A mapped file on a full disk kills the process when it is written: ask for room first,
        # where the system can (macOS cannot).
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DatasetError(
            f"expected {size / 1e9:.1f} GB free for the {job.name} in {display_name(job.folder)}. "
            f"Received: {error.strerror}. Free space, give fewer --views, or --views 0."
        ) from error
    return array, 0


def _save_progress(job: FrozenJob, done: int) -> None:
    with written_whole(job.folder / f"{job.name}.json") as stream:
        stream.write(json.dumps({"key": _full_key(job), "done": done}).encode())


def _full_key(job: FrozenJob) -> str:
    layout = [job.key, job.pictures, job.views, job.batch_size, np.dtype(job.dtype).name]
    text = json.dumps(layout) + hashlib.sha256(job.augmented.tobytes()).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()
