"""Stage 1 from nothing, against the published baseline as written, taking turns."""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.training_blog import BlogEpoch, BlogTraining
from benchmarks.training_pictures import Subset
from benchmarks.training_results import (
    SameAuc,
    StageOne,
    Times,
    ratio_of,
    summarise_times,
)
from edge_runtime.console import log
from trainer import blog
from trainer.config import FitConfig
from trainer.prepare import Prepared, open_pixels, prepare
from trainer.stages import train_split

GOAL = 8.0
# Only stage 2 writes one.
_NO_CHECKPOINT = Path(os.devnull)


@dataclass(frozen=True, kw_only=True)
class _Ours:
    """One stage 1 from nothing."""

    decode_s: float
    features_s: float
    head_s: float
    total_s: float
    prepared: Prepared


def measure_stage_1(
    keras: Any, config: FitConfig, subset: Subset, work: Path, repeats: int
) -> tuple[StageOne, SameAuc]:
    """Time both, and how long each takes to the same validation ROC-AUC.

    Args:
        keras: The keras package.
        config: Options; stage 2's do not matter.
        subset: What to train on.
        work: Folder for caches and features.
        repeats: Of ours, and epochs of the baseline.
    """
    # Both see as many pictures an epoch.
    alone = replace(config, unfreeze="none", views=0)
    head_only = replace(alone, epochs=blog.EPOCHS)
    baseline = BlogTraining(keras, config, subset)
    warm_up_s = baseline.warm_up()
    ours, epochs = [], []
    for number in range(repeats):
        log.info(
            "stage 1, repeat %d of %d: ours from nothing, then an epoch of the baseline",
            number + 1,
            repeats,
        )
        ours.append(_from_nothing(keras, head_only, subset, work))
        epochs.append(baseline.epoch(number))
    blog_epoch = summarise_times([epoch.total_s for epoch in epochs])
    total = summarise_times([one.total_s for one in ours])
    stage_1 = StageOne(
        epochs=blog.EPOCHS,
        blog_epochs_measured=repeats,
        blog_epoch=blog_epoch,
        blog_warm_up_s=warm_up_s,
        blog_computed_s=blog.EPOCHS * blog_epoch.median_s,
        blog_wait_share=median(epoch.wait_s / epoch.total_s for epoch in epochs),
        blog_valid_auc=tuple(epoch.valid_auc for epoch in epochs),
        ours=total,
        decode=summarise_times([one.decode_s for one in ours]),
        features=summarise_times([one.features_s for one in ours]),
        head=summarise_times([one.head_s for one in ours]),
        ratio=ratio_of(blog_epoch, total, goal=GOAL, times=blog.EPOCHS),
    )
    return stage_1, _same_auc(keras, alone, subset, (stage_1, epochs, ours[-1].prepared))


def _from_nothing(keras: Any, config: FitConfig, subset: Subset, work: Path) -> _Ours:
    """Decode, compute the features and train the head, with neither cache nor network there."""
    folder = Path(tempfile.mkdtemp(dir=work))
    caching = replace(config, cache=folder / "cache")
    start = time.perf_counter()
    pixels, _ = open_pixels(caching, subset.folder, subset.pictures)
    decoded = time.perf_counter()
    prepared = prepare(keras, config, subset.pictures, pixels, subset.train, folder)
    computed = time.perf_counter()
    _train_head(keras, config, prepared, subset)
    end = time.perf_counter()
    shutil.rmtree(folder / "cache")
    return _Ours(
        decode_s=decoded - start,
        features_s=computed - decoded,
        head_s=end - computed,
        total_s=end - start,
        prepared=prepared,
    )


def _train_head(
    keras: Any, config: FitConfig, prepared: Prepared, subset: Subset
) -> tuple[dict[str, float], ...]:
    """The trainer's stage 1; its history."""
    trained = train_split(
        keras,
        config,
        prepared,
        subset.pictures,
        checkpoint=_NO_CHECKPOINT,
        log_epoch=lambda _: None,
    )
    return trained.head.history


def _same_auc(
    keras: Any,
    config: FitConfig,
    subset: Subset,
    measured: tuple[StageOne, list[BlogEpoch], Prepared],
) -> SameAuc:
    stage_1, epochs, prepared = measured
    wanted = max(stage_1.blog_valid_auc)
    best = stage_1.blog_valid_auc.index(wanted) + 1
    blog_s = sum(epoch.total_s for epoch in epochs[:best])
    log.info("stage 1: until a validation ROC-AUC of %.4f", wanted)
    history = _train_head(keras, config, prepared, subset)
    reached = [int(row["epoch"]) for row in history if row["val_auc"] >= wanted]
    our_epoch, head, ours_s = (reached[0] if reached else None), None, None
    if our_epoch is not None:
        shortened = replace(config, epochs=our_epoch)
        head = _timed_head(keras, shortened, prepared, subset, len(epochs))
        ours_s = stage_1.decode.median_s + stage_1.features.median_s + head.median_s
    return SameAuc(
        valid_auc=wanted,
        blog_epoch=best,
        blog_s=blog_s,
        our_epoch=our_epoch,
        head=head,
        ours_s=ours_s,
        ratio=None if ours_s is None else blog_s / ours_s,
    )


def _timed_head(
    keras: Any, config: FitConfig, prepared: Prepared, subset: Subset, repeats: int
) -> Times:
    raw_s = []
    for _ in range(repeats):
        start = time.perf_counter()
        _train_head(keras, config, prepared, subset)
        raw_s.append(time.perf_counter() - start)
    return summarise_times(raw_s)
