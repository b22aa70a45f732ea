"""Epochs of stage 2: on stored activations, and on pictures through the whole network."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.training_pictures import Subset
from benchmarks.training_results import (
    Epochs,
    FullFineTuning,
    StageTwo,
    ratio_of,
    summarise_times,
)
from edge_runtime.console import log
from trainer.config import CUTS, FitConfig
from trainer.epoch_plan import EpochPlan
from trainer.feed import Feed, Indices, StoredFeed
from trainer.fine_tune import Course, FineTuning, fine_tune
from trainer.frozen import FrozenJob, compute_frozen
from trainer.made_ahead import Wait
from trainer.model import Tunable
from trainer.prepare import prepare
from trainer.stages import AVERAGING

GOAL = 3.0
# The first block that stage 2 can set free.
ALL_FREE = CUTS[1]
_MB = 1e6


class _WarmUpPlan(EpochPlan):
    """The plan with a first epoch of one batch of each size, in which steps are compiled."""

    def batches(self, epoch: int, size: int) -> Iterator[tuple[Indices, Indices]]:
        """As of the plan, after the first epoch."""
        batches = list(super().batches(epoch, size))
        by_size = {len(indices): (indices, views) for indices, views in batches}
        return iter(batches if epoch else by_size.values())


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """A network with free blocks, and where live epochs take their pictures from."""

    config: FitConfig
    subset: Subset
    tunable: Tunable
    pictures: Feed
    initial: list[npt.NDArray[Any]]
    work: Path


@dataclass(kw_only=True)
class _Taken:
    """Raw times of the epochs of one way."""

    total_s: list[float] = field(default_factory=list)
    feed_s: list[float] = field(default_factory=list)


def measure_stage_2(
    keras: Any, config: FitConfig, subset: Subset, work: Path, repeats: int
) -> StageTwo:
    """Time epochs of both ways in turns, and what storing costs.

    Args:
        keras: The keras package.
        config: Options; names the first free block and the number of stored views.
        subset: What to train on.
        work: Folder for what is stored, which is removed again.
        repeats: Epochs of each way.
    """
    with tempfile.TemporaryDirectory(dir=work) as folder:
        ready = _get_ready(keras, config, subset, Path(folder))
        start = time.perf_counter()
        stored_feed, stored_mb = _store(ready)
        store_s = time.perf_counter() - start
        live, stored = _Taken(), _Taken()
        for number in range(repeats):
            log.info(
                "%s free, repeat %d of %d: with and without stored activations",
                config.unfreeze,
                number + 1,
                repeats,
            )
            _run_epoch(keras, ready, stored_feed, stored)
            _run_epoch(keras, ready, ready.pictures, live)
    live_epochs, stored_epochs = (_summarise(taken, subset) for taken in (live, stored))
    gain_s = live_epochs.total.median_s - stored_epochs.total.median_s
    return StageTwo(
        unfreeze=config.unfreeze,
        live=live_epochs,
        stored=stored_epochs,
        ratio=ratio_of(live_epochs.total, stored_epochs.total, goal=GOAL),
        store_s=store_s,
        stored_mb=stored_mb,
        pays_after_epochs=ceil(store_s / gain_s) if gain_s > 0 else None,
    )


def measure_full(
    keras: Any, config: FitConfig, subset: Subset, work: Path, repeats: int
) -> FullFineTuning:
    """Time epochs with all blocks free that can be.

    Args:
        keras: The keras package.
        config: Options; its first free block does not matter.
        subset: What to train on.
        work: Folder for what is kept meanwhile.
        repeats: Epochs.
    """
    taken = _Taken()
    with tempfile.TemporaryDirectory(dir=work) as folder:
        config = replace(config, unfreeze=ALL_FREE)
        ready = _get_ready(keras, config, subset, Path(folder))
        for number in range(repeats):
            log.info("all blocks free, repeat %d of %d", number + 1, repeats)
            _run_epoch(keras, ready, ready.pictures, taken)
    return FullFineTuning(unfreeze=ALL_FREE, live=_summarise(taken, subset))


def _get_ready(keras: Any, config: FitConfig, subset: Subset, folder: Path) -> _Ready:
    log.info("%s free: preparing", config.unfreeze)
    without_views = replace(config, views=0)
    prepared = prepare(keras, without_views, subset.pictures, subset.pixels, subset.train, folder)
    if prepared.tunable is None or prepared.feed is None:
        raise ValueError(f"expected a first free block. Received: unfreeze={config.unfreeze!r}")
    return _Ready(
        config=config,
        subset=subset,
        tunable=prepared.tunable,
        pictures=prepared.feed,
        initial=prepared.initial,
        work=folder,
    )


def _store(ready: _Ready) -> tuple[StoredFeed, float]:
    """What the frozen blocks give for all pictures and views, and its size in MB."""
    job = FrozenJob(
        name="activations",
        folder=ready.work,
        key=ready.config.unfreeze,
        pictures=len(ready.subset.pictures),
        augmented=ready.subset.train,
        views=ready.config.views,
        batch_size=ready.config.batch_size,
        dtype=np.float16,
    )
    outputs = compute_frozen(ready.tunable.trunk, ready.pictures.batch, job)
    return StoredFeed(outputs=outputs), (ready.work / f"{job.name}.npy").stat().st_size / _MB


def _run_epoch(keras: Any, ready: _Ready, feed: Feed, taken: _Taken) -> None:
    """One epoch of the trainer's own stage 2, after a first one that only warms up."""
    stored = isinstance(feed, StoredFeed)
    wait = Wait()
    marks: list[tuple[float, float]] = []
    checkpoint = ready.work / "checkpoint.npz"
    checkpoint.unlink(missing_ok=True)
    ready.tunable.top.set_weights(ready.initial)
    course = Course(
        model=ready.tunable.top if stored else ready.tunable.live,
        depths=ready.tunable.depths,
        feed=feed,
        plan=_plan(ready, views=ready.config.views if stored else 0),
        valid=ready.subset.valid,
        checkpoint=checkpoint,
        key="",
        log_epoch=lambda _: marks.append((time.perf_counter(), wait.seconds)),
        wait=wait,
    )
    fine_tune(keras, course, _options(ready.config))
    (start_s, waited_before_s), (end_s, waited_s) = marks
    taken.total_s.append(end_s - start_s)
    taken.feed_s.append(waited_s - waited_before_s)


def _plan(ready: _Ready, views: int) -> EpochPlan:
    return _WarmUpPlan(
        labels=ready.subset.labels,
        train=ready.subset.train,
        imbalance="class-weights",
        views=views,
        seed=ready.config.seed,
    )


def _options(config: FitConfig) -> FineTuning:
    return FineTuning(
        epochs=2,
        patience=2,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        averaging=AVERAGING,
        label_smoothing=0.0,
        seed=config.seed,
    )


def _summarise(taken: _Taken, subset: Subset) -> Epochs:
    total = summarise_times(taken.total_s)
    shares = [feed / whole for feed, whole in zip(taken.feed_s, taken.total_s, strict=True)]
    return Epochs(
        total=total,
        feed=summarise_times(taken.feed_s),
        wait_share=median(shares),
        pictures_per_s=len(subset.train) / total.median_s,
    )
