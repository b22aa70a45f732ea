"""The schema of ``results.json``, whose fields are those of :class:`Results`.

``edge_runtime.contract.schema.from_json(Results, json.loads(text), "results")`` reads it back
and refuses unknown, missing and ill-typed keys.
"""

import json
from dataclasses import dataclass

from edge_runtime.contract.schema import to_json

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure with its interval; None where the pictures leave it undefined.

    Attributes:
        value: On the pictures as they are.
        low: Lower end of the interval.
        high: Upper end.
        confidence: Coverage of the interval, 0.95.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """How many pictures got each decision; the last two are left out of all figures."""

    refer: int
    no_referral: int
    retake: int
    unreadable: int


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How well one model tells the pictures apart.

    Attributes:
        threshold: Its operating point's.
        figures: ``roc_auc``, ``pr_auc``, ``sensitivity``, ``specificity``, ``accuracy`` and
            ``f1``; the last four at the threshold. Intervals by bootstrap over lesions; a share
            of 0 or 1, where that has no width, by Wilson's formula.
        brier: Mean squared difference of score and label.
        ece: Expected calibration error, 15 bins of equal mass.
        decisions: Counts.
        flips: Decisions that differ from those of float32; None for float32 itself, for the
            Keras model, and where there is no float32 variant.
        roc_auc_change: ROC-AUC minus that of float32 on the same pictures, with the interval of
            the difference; None where ``flips`` is.
        max_logit_difference: Largest |Δlogit| from the Keras model; None where its logits are
            not known.
        max_score_difference: Largest |Δscore| from it, each at its own temperature; None there
            too.
    """

    threshold: float
    figures: dict[str, Figure]
    brier: float
    ece: float
    decisions: Decisions
    flips: int | None
    roc_auc_change: Figure | None
    max_logit_difference: float | None
    max_score_difference: float | None


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
    """

    runtime: str
    threads: int
    queries: int
    rounds: int
    warmup: int
    resamples: int


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where it was measured; None where the system does not tell.

    Attributes:
        board: Name of a single-board computer.
        cpu: Name of the processor.
        cpu_features: Of those that int8 or float arithmetic gain most from, the present ones.
        architecture: As in ``x86_64`` or ``aarch64``.
        cores: That this process may use.
        governor: Of the first core's frequency.
        system: Name and version.
        versions: Of Python and packages.
        load_before: Load average over one minute when the benchmark began.
        load_after: The same when it ended; it counts the benchmark itself.
    """

    board: str | None
    cpu: str | None
    cpu_features: tuple[str, ...]
    architecture: str
    cores: int
    governor: str | None
    system: str
    versions: dict[str, str]
    load_before: float | None
    load_after: float | None


@dataclass(frozen=True, kw_only=True)
class Results:
    """All of one benchmark.

    Attributes:
        schema_version: Of this layout.
        created: UTC time at the start, ISO 8601.
        model: Name that the variants share, as in ``inceptionv3_mixed8_224``.
        demonstration: The model only shows the toolkit; its accuracy means nothing.
        notice: What this software is not.
        pictures: What was measured on.
        settings: How.
        environment: Where.
        models: The Keras model where known, then the variants.
        skipped: Variants that need hardware which is not here, with the reason.
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


def dump_results(results: Results) -> str:
    """The results as indented JSON with a final newline."""
    return json.dumps(to_json(results), indent=2, allow_nan=False) + "\n"
