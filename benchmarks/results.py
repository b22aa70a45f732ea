"""The schema of ``results.json``, whose fields are those of :class:`Results`.

``edge_runtime.contract.schema.from_json(Results, json.loads(text), "results")`` reads it back
and refuses unknown, missing and ill-typed keys.
"""

import json
from dataclasses import dataclass

from benchmarks.accuracy_results import Accuracy, Change, Decisions, Figure, Paired
from benchmarks.row_results import (
    BareRatio,
    Conditions,
    Environment,
    OperatorCost,
    PercentileBound,
    RoundRatio,
)
from edge_runtime.contract.schema import to_json

SCHEMA_VERSION = 1

__all__ = [
    "SCHEMA_VERSION",
    "Accuracy",
    "BareRatio",
    "BaselineResult",
    "Change",
    "Conditions",
    "Decisions",
    "Distribution",
    "Environment",
    "Figure",
    "Latency",
    "Memory",
    "ModelResult",
    "OperatorCost",
    "Paired",
    "PercentileBound",
    "PictureRecord",
    "Results",
    "RoundRatio",
    "Settings",
    "dump_results",
]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Latencies of all queries in milliseconds; a percentile is a latency that occurred."""

    min_ms: float
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How long one model takes, one query at a time.

    Attributes:
        queries: In all rounds together.
        end_to_end: From the picture file to the decision.
        preprocess: Of that, reading, decoding and resizing.
        invoke: Of that, inference.
        round_invoke_p50_ms: Of each round: their spread is the machine's noise.
        open_ms: Median over the rounds of all that comes before the first picture: verifying the
            file, loading it into the runtime, running its golden cases.
        verify_ms: Of that, verifying.
        load_ms: Of that, importing the runtime and loading.
        self_test_ms: Of that, the golden cases.
        first_ms: Median over the rounds of the first picture, end to end.
        resize: Of preprocess, resizing, measured apart on decoded pixels; reading and decoding
            are the rest.
        throughput_per_s: Pictures a second, one at a time.
        seconds: That all queries together took.
        bounds: Of the end-to-end percentiles, at 99 % confidence.
        invoke_bounds: Of those of inference.
        mlperf_minimum: Whether queries and seconds reach MLPerf's minima for a 90th percentile.
    """

    queries: int
    end_to_end: Distribution
    preprocess: Distribution
    invoke: Distribution
    round_invoke_p50_ms: tuple[float, ...]
    open_ms: float
    verify_ms: float
    load_ms: float
    self_test_ms: float
    first_ms: float
    resize: Distribution | None = None
    throughput_per_s: float | None = None
    seconds: float | None = None
    bounds: tuple[PercentileBound, ...] = ()
    invoke_bounds: tuple[PercentileBound, ...] = ()
    mlperf_minimum: bool = False


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Resident memory of a process that does nothing else; None where the system hides it.

    Attributes:
        steady_mib: After the queries, median over the rounds.
        peak_mib: Highest of all rounds, usually while loading.
    """

    steady_mib: float | None
    peak_mib: float | None


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What a picture takes, the machine's own need while it computes included.

    Attributes:
        meter: What told it, and what it covers.
        picture_j: Joules, median over the rounds.
        low_j: Of the lowest round.
        high_j: Of the highest round.
    """

    meter: str
    picture_j: float
    low_j: float
    high_j: float


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """One row: a variant, or the Keras model, which has neither file nor latency.

    Attributes:
        variant: As on the card, or ``keras``.
        file: File name.
        file_sha256: Of the whole file.
        size_bytes: Of the whole file.
        runtime: Package and version that computed.
        delegate: ``cpu`` or ``edgetpu``.
        accuracy: On the pictures of the split.
        latency: On this machine.
        memory: On this machine.
        threads: Of one inference; None for the Keras model.
        to_bare: Its latency by that of the bare interpreter loop.
        conditions: The machine meanwhile.
        environment: Where the row was measured.
        operators: What the file computes, by kind, most arithmetic first.
        energy: Of a picture; None where there is no meter.
    """

    variant: str
    file: str | None
    file_sha256: str | None
    size_bytes: int | None
    runtime: str | None
    delegate: str | None
    accuracy: Accuracy
    latency: Latency | None
    memory: Memory | None
    threads: int | None = None
    to_bare: BareRatio | None = None
    conditions: Conditions | None = None
    environment: Environment | None = None
    operators: tuple[OperatorCost, ...] = ()
    energy: Energy | None = None


@dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """Other software on the same pictures, in a process of its own.

    Attributes:
        name: ``bare`` (the interpreter loop), ``tflite-runtime``, ``mediapipe``, ``keras`` or
            ``published`` (the baseline as it was published).
        variant: Whose file it ran; None for ``keras`` and ``published``.
        software: Package and version that computed.
        delegate: ``cpu`` or ``edgetpu``.
        threads: Of one inference; None where the software chooses.
        size_bytes: Of the file.
        invoke: Inference alone, of pixels that were ready.
        end_to_end: From picture file to score; None where the software has no such way.
        round_invoke_p50_ms: Of each round.
        queries: In all rounds together.
        load_ms: Median over the rounds.
        first_ms: Median over the rounds of the first inference.
        memory: Of its process, with the software's own packages.
        accuracy: On the same pictures; None for ``bare``, which computes what its row computes.
        conditions: The machine meanwhile.
        invoke_bounds: Of the percentiles of invoke, at 99 % confidence.
    """

    name: str
    variant: str | None
    software: str
    delegate: str
    threads: int | None
    size_bytes: int
    invoke: Distribution
    end_to_end: Distribution | None
    round_invoke_p50_ms: tuple[float, ...]
    queries: int
    load_ms: float
    first_ms: float
    memory: Memory
    accuracy: Accuracy | None
    conditions: Conditions
    invoke_bounds: tuple[PercentileBound, ...]


@dataclass(frozen=True, kw_only=True)
class PictureRecord:
    """What was measured on.

    Attributes:
        data: Name of the data set's folder.
        split: ``train``, ``valid``, ``test`` or ``all``.
        chosen_by: ``scores.csv`` of the training run, or the ``folders`` of the data set.
        pictures: In the split.
        scored: Of these, with a score.
        positive: Of the scored, of the positive label.
        groups: Lesions of the scored; a picture of an unknown lesion counts as its own.
        unreadable_files: Files anywhere in the data set that could not be read.
        sha256: Digest of content and label of the pictures, whatever their paths.
    """

    data: str
    split: str
    chosen_by: str
    pictures: int
    scored: int
    positive: int
    groups: int
    unreadable_files: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How it was measured.

    Attributes:
        runtime: As asked for: ``auto`` or a package.
        threads: Threads of one inference.
        queries: Asked for, for each variant.
        rounds: Processes of each variant, which take turns.
        warmup: Queries at the start of each round that are not counted.
        resamples: Of the bootstrap.
        runtimes: All that were asked for.
        thread_counts: All that were asked for.
        min_s: Seconds that each row is timed for, at least.
    """

    runtime: str
    threads: int
    queries: int
    rounds: int
    warmup: int
    resamples: int
    runtimes: tuple[str, ...] = ()
    thread_counts: tuple[int, ...] = ()
    min_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Results:
    """All of one benchmark.

    Attributes:
        schema_version: Of this layout.
        created: UTC time at the start, ISO 8601.
        model: Name that the variants share, as in ``inceptionv3_mixed5_224``.
        demonstration: The model only shows the toolkit; its accuracy means nothing.
        notice: What this software is not.
        pictures: What was measured on.
        settings: How.
        environment: Where.
        models: The Keras model where known, then the variants.
        skipped: What could not be measured here, with the reason.
        baselines: Other software, the bare interpreter loop of each row first.
    """

    schema_version: int
    created: str
    model: str
    demonstration: bool
    notice: str
    pictures: PictureRecord
    settings: Settings
    environment: Environment
    models: tuple[ModelResult, ...]
    skipped: dict[str, str]
    baselines: tuple[BaselineResult, ...] = ()


def dump_results(results: Results) -> str:
    """The results as indented JSON with a final newline."""
    return json.dumps(to_json(results), indent=2, allow_nan=False) + "\n"
