"""Pooled features of every picture, computed once: what is frozen need not run twice."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from edge_runtime.contract.manifest import Picture, require_unchanged
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess
from edge_runtime.errors import MelanomaError

Features = npt.NDArray[np.float32]


@dataclass
class _Checkpoint:
    """How far a feature file has come; survives an interruption at any moment."""

    path: Path
    key: str
    done: int = 0
    unusable: dict[str, str] = field(default_factory=dict)

    def resume(self) -> bool:
        """Take over what an earlier run with the same key has done."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if stored.get("key") != self.key:
            return False
        self.done, self.unusable = stored["done"], stored["unusable"]
        return True

    def save(self) -> None:
        beside = self.path.with_suffix(".partial")
        state = {"key": self.key, "done": self.done, "unusable": self.unusable}
        beside.write_text(json.dumps(state), encoding="utf-8")
        beside.replace(self.path)


@dataclass(frozen=True, kw_only=True)
class FeatureJob:
    """Where pictures are and where their features are kept.

    Attributes:
        folder: The data set.
        preprocessing: From picture to pixels.
        cache: Folder that keeps what is done; an interrupted run goes on from there.
        key: Names pictures, weights, cut and size; another key starts anew.
        batch_size: Pictures at a time.
    """

    folder: Path
    preprocessing: Preprocessing
    cache: Path
    key: str
    batch_size: int


def compute_features(
    model: Any, pictures: Sequence[Picture], job: FeatureJob
) -> tuple[Features, dict[str, str]]:
    """Pooled features of the pictures, in their order.

    Args:
        model: From :func:`trainer.model.build_feature_model`.
        pictures: What to compute them of.
        job: Where from and where to.

    Returns:
        float32 (n, C), rows of unusable pictures NaN; and why, by file, for each of these.
    """
    checkpoint = _Checkpoint(job.cache / "features.json", job.key)
    stored = job.cache / "features.npy"
    shape = (len(pictures), int(model.output.shape[-1]))
    if checkpoint.resume() and stored.exists():
        features = np.lib.format.open_memmap(stored, "r+")
        log.info("features: going on after %d of %d", checkpoint.done, len(pictures))
    else:
        features = np.lib.format.open_memmap(stored, "w+", np.float32, shape)
    step, end = job.batch_size, checkpoint.done
    batches = decoded_batches(
        job.folder, pictures[end:], job.preprocessing, step, checkpoint.unusable
    )
    for batch in progress(batches, len(pictures), "features", done=end, step=step):
        start, end = end, end + len(batch)
        rows = np.asarray(model.predict_on_batch(batch.astype(np.float32)))
        unusable = [p.file in checkpoint.unusable for p in pictures[start:end]]
        features[start:end] = np.where(np.array(unusable)[:, None], np.nan, rows)
        features.flush()
        checkpoint.done = end
        checkpoint.save()
    return np.array(features), checkpoint.unusable


def decoded_batches(
    folder: Path,
    pictures: Sequence[Picture],
    spec: Preprocessing,
    batch_size: int,
    unusable: dict[str, str],
) -> Iterator[npt.NDArray[np.uint8]]:
    """uint8 batches (n, H, W, 3) of the pictures, the next decoded while the last is used.

    An unusable picture is black in its batch, and its reason is put into ``unusable``.
    """

    def decode(picture: Picture) -> Pixels:
        try:
            return preprocess(require_unchanged(folder, picture), spec)
        except MelanomaError as error:
            unusable[picture.file] = str(error)
            return np.zeros((*spec.size_hw, 3), np.uint8)

    with ThreadPoolExecutor() as pool:
        waiting = None
        for start in range(0, len(pictures), batch_size):
            upcoming = [pool.submit(decode, p) for p in pictures[start : start + batch_size]]
            if waiting is not None:
                yield np.stack([future.result() for future in waiting])
            waiting = upcoming
        if waiting is not None:
            yield np.stack([future.result() for future in waiting])
