"""The schema of what ``melanoma-bench training`` writes: raw times, and figures that follow."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.results import Environment
from edge_runtime.contract.schema import to_json

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Times:
    """One thing, timed several times.

    Attributes:
        raw_s: In the order they were taken.
        median_s: Of these.
        spread: (largest - smallest) / median: the machine's noise.
    """

    raw_s: tuple[float, ...]
    median_s: float
    spread: float


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times longer one thing takes than another.

    Attributes:
        value: Quotient of the medians.
        low: Smallest quotient that any two of the raw times give.
        high: Largest.
        goal: To be reached; None where there is none.
        met: Whether ``value`` reaches it; None without a goal.
    """

    value: float
    low: float
    high: float
    goal: float | None
    met: bool | None


@dataclass(frozen=True, kw_only=True)
class StageOne:
    """The head on the frozen network: the published baseline as written, and ours.

    Attributes:
        epochs: Of both.
        blog_epochs_measured: The others are computed: ``epochs`` times the median.
        blog_epoch: One epoch: decoding, augmenting, the network, a step; then validation.
        blog_warm_up_s: First step, not counted.
        blog_computed_s: ``epochs`` times the median of ``blog_epoch``.
        blog_wait_share: Of an epoch, in which the network waits for decoded pictures; median.
        blog_valid_auc: Validation ROC-AUC after each measured epoch.
        ours: Everything from nothing: decoding, building the network, features, the head's epochs.
        decode: Of that, decoding into the pixel cache.
        features: Of that, building the network and computing the features.
        head: Of that, the epochs.
        ratio: ``blog_computed_s`` / ``ours``.
    """

    epochs: int
    blog_epochs_measured: int
    blog_epoch: Times
    blog_warm_up_s: float
    blog_computed_s: float
    blog_wait_share: float
    blog_valid_auc: tuple[float, ...]
    ours: Times
    decode: Times
    features: Times
    head: Times
    ratio: Ratio


@dataclass(frozen=True, kw_only=True)
class SameAuc:
    """Time until the best validation ROC-AUC of the measured epochs of the baseline.

    Attributes:
        valid_auc: That ROC-AUC.
        blog_epoch: Epoch of it, from 1.
        blog_s: Up to its end.
        our_epoch: First epoch of ours that is as good; None if none was.
        head: Our head up to that epoch, repeated; None too.
        ours_s: Medians of decoding, features and ``head``; None too.
        ratio: ``blog_s`` / ``ours_s``; None too.
    """

    valid_auc: float
    blog_epoch: int
    blog_s: float
    our_epoch: int | None
    head: Times | None
    ours_s: float | None
    ratio: float | None


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """Epochs of stage 2 in one way, validation and checkpoint included.

    Attributes:
        total: Each epoch.
        feed: Of that, time that training waits for its inputs.
        wait_share: Median of ``feed`` / ``total``.
        pictures_per_s: Training pictures by the median epoch.
    """

    total: Times
    feed: Times
    wait_share: float
    pictures_per_s: float


@dataclass(frozen=True, kw_only=True)
class StageTwo:
    """Stage 2 with the blocks from one on set free.

    Attributes:
        unfreeze: First free block.
        live: Every epoch augments anew and runs the frozen blocks.
        stored: Epochs read what the frozen blocks gave.
        ratio: ``live`` / ``stored``.
        store_s: One-off cost of storing.
        stored_mb: Size of what is stored.
        pays_after_epochs: Epochs after which storing was the faster way; None: never.
    """

    unfreeze: str
    live: Epochs
    stored: Epochs
    ratio: Ratio
    store_s: float
    stored_mb: float
    pays_after_epochs: int | None


@dataclass(frozen=True, kw_only=True)
class FullFineTuning:
    """Stage 2 with all blocks free that can be; nothing is stored.

    Attributes:
        unfreeze: First free block.
        live: Its epochs.
    """

    unfreeze: str
    live: Epochs


@dataclass(frozen=True, kw_only=True)
class TrainingPictures:
    """What was measured on.

    Attributes:
        data: Name of the data set's folder.
        train: Training pictures.
        valid: Validation pictures.
        positive: Of both, of the positive label.
        unusable: Drawn, but left out because they cannot be used.
        sha256: Digest of content, label and split.
    """

    data: str
    train: int
    valid: int
    positive: int
    unusable: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How it was measured.

    Attributes:
        weights: ``imagenet``, ``none`` or digest of the file.
        cut: Last block kept.
        pool_from: First block that ours pools; the baseline pools the cut alone.
        pool_middle: Ours pools the middle of each map beside the whole.
        image_size: Side of the input in pixels.
        head: Of our stage 1.
        batch_size: Of our side.
        blog_batch_size: Of the baseline.
        views: Stored views of a training picture.
        repeats: Of everything that is compared; the ways take turns.
        seed: Of the draw, the order and the views.
    """

    weights: str
    cut: str
    pool_from: str
    pool_middle: bool
    image_size: int
    head: str
    batch_size: int
    blog_batch_size: int
    views: int
    repeats: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class TrainingResults:
    """All of one benchmark.

    Attributes:
        schema_version: Of this layout.
        created: UTC time at the start, ISO 8601.
        pictures: What was measured on.
        settings: How.
        stage_1: The head.
        same_auc: Time to equal quality.
        stage_2: An entry for each first free block.
        full: All blocks free.
        gpus: Names of the graphics processors that computed; empty without.
        backend: Versions of what trains.
        environment: Where.
        notice: What the software is not.
    """

    schema_version: int
    created: str
    pictures: TrainingPictures
    settings: TrainingSettings
    stage_1: StageOne
    same_auc: SameAuc
    stage_2: tuple[StageTwo, ...]
    full: FullFineTuning
    gpus: tuple[str, ...]
    backend: dict[str, str]
    environment: Environment
    notice: str


def summarise_times(raw_s: Sequence[float]) -> Times:
    """Median and spread of at least one time."""
    middle = median(raw_s)
    return Times(raw_s=tuple(raw_s), median_s=middle, spread=(max(raw_s) - min(raw_s)) / middle)


def ratio_of(slow: Times, fast: Times, *, goal: float | None = None, times: int = 1) -> Ratio:
    """The quotient with its range.

    Args:
        slow: What is divided.
        fast: By what.
        goal: To be reached.
        times: ``slow`` counts so many times.
    """
    value = times * slow.median_s / fast.median_s
    return Ratio(
        value=value,
        low=times * min(slow.raw_s) / max(fast.raw_s),
        high=times * max(slow.raw_s) / min(fast.raw_s),
        goal=goal,
        met=None if goal is None else value >= goal,
    )


def dump_training_results(results: TrainingResults) -> str:
    """The results as JSON text with a final newline."""
    return json.dumps(to_json(results), indent=2, ensure_ascii=False) + "\n"
