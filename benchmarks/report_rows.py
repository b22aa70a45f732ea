"""What a report shows of a benchmark: rows of the device's code and of other software alike.

A figure that a file does not hold is None, so that files of older releases and of boards that
hide a figure can be reported too.
"""

from dataclasses import dataclass

DEVICE, BASELINE, KERAS_LOGITS = "device", "baseline", "keras"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value and the ends of its interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Latencies of all queries in milliseconds."""

    min_ms: float
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Operators:
    """Operators of one kind in a file.

    Attributes:
        name: As in ``CONV_2D``.
        count: How many.
        macs: Multiplications with addition of one inference, all together.
    """

    name: str
    count: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class Differences:
    """A row against its reference on the same pictures: float32, for the device's code.

    Other software is compared with the device's code running the same file.

    Attributes:
        roc_auc: ROC-AUC minus the reference's.
        roc_auc_p: Of DeLong's test.
        sensitivity: Minus the reference's, each at its own threshold.
        specificity: The same.
        flips: Decisions that differ.
        gained: Decisions that only this row gets right.
        lost: Decisions that only the reference gets right.
        mcnemar_p: Of McNemar's exact test on all pictures.
    """

    roc_auc: Interval | None = None
    roc_auc_p: float | None = None
    sensitivity: Interval | None = None
    specificity: Interval | None = None
    flips: int | None = None
    gained: int | None = None
    lost: int | None = None
    mcnemar_p: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """One line of the tables, one mark in the plots.

    Attributes:
        label: Different from that of any other row of its panel, and as short as that allows.
        kind: :data:`DEVICE`, :data:`BASELINE`, or :data:`KERAS_LOGITS` for the trainer's logits.
        variant: Whose file it ran; None for software with a model of its own.
        software: Package and version that computed.
        threads: Of one inference; None where the software chooses or the file does not tell.
        delegate: ``cpu`` or ``edgetpu``.
        size_mb: Of the file, millions of bytes.
        figures: ``roc_auc``, ``pr_auc``, ``sensitivity``, ``specificity``, ``brier``, ``ece``.
        differences: None for what is a reference itself, or has none.
        stages: Spreads by name: ``invoke``, ``end_to_end``, ``preprocess``, ``resize``.
        rounds_ms: The p50 of inference in each round.
        bound_p90_ms: MLPerf's upper bound of inference's p90 at 99 % confidence.
        starts_ms: ``open``, ``load`` and ``first``, medians over the rounds.
        queries: In all rounds together.
        throughput_per_s: Pictures a second, one at a time.
        steady_mib: Resident memory after the queries.
        peak_mib: Its highest value.
        to_bare: Inference by that of the bare interpreter loop, smallest to largest of a round.
        noisy: Why the row is noisy; empty if it is not known to be.
        operators: What the file computes, most arithmetic first.
        energy_j: Of a picture, lowest to highest round.
        energy_meter: What told it.
    """

    label: str
    kind: str
    variant: str | None
    software: str | None
    threads: int | None
    delegate: str | None
    size_mb: float | None
    figures: dict[str, Interval]
    differences: Differences | None
    stages: dict[str, Spread]
    rounds_ms: tuple[float, ...]
    bound_p90_ms: float | None
    starts_ms: dict[str, float]
    queries: int | None
    throughput_per_s: float | None
    steady_mib: float | None
    peak_mib: float | None
    to_bare: Interval | None
    noisy: tuple[str, ...]
    operators: tuple[Operators, ...]
    energy_j: Interval | None
    energy_meter: str | None

    @property
    def family(self) -> str:
        """What colours stand for: the variant, else the software's name."""
        return self.variant or self.label


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Rows that may be compared: of one host, in one benchmark.

    Attributes:
        host: Board or processor.
        host_detail: Cores, governor and system.
        model: Name that the variants share.
        created: UTC time at the start.
        about: Sentences on pictures, settings and environment.
        skipped: What was not measured, with the reason.
        demonstration: The model only shows the toolkit.
        rows: At least one.
    """

    host: str
    host_detail: str
    model: str
    created: str
    about: tuple[str, ...]
    skipped: dict[str, str]
    demonstration: bool
    rows: tuple[ReportRow, ...]

    @property
    def title(self) -> str:
        """Where and what."""
        return f"{self.model} on {self.host}"
