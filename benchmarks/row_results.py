"""Parts of a row of ``results.json``: where and how it was measured, and what it compares to."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PercentileBound:
    """MLPerf's early-stopping estimate of a percentile, see ``early_stopping``.

    Attributes:
        percentile: In (0, 1).
        queries_needed: The fewest queries that bound it at 99 % confidence.
        bound_ms: Upper bound, a latency that occurred; None with fewer queries.
    """

    percentile: float
    queries_needed: int
    bound_ms: float | None


@dataclass(frozen=True, kw_only=True)
class RoundRatio:
    """A quotient of two medians of the same round.

    Attributes:
        value: Median over the rounds.
        low: Smallest of a round.
        high: Largest of a round.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class BareRatio:
    """A row against the bare interpreter loop: the same file, runtime, threads and pictures.

    Attributes:
        invoke: ``invoke`` of the row by that of the loop.
        end_to_end: From picture file to decision, by ``invoke`` of the loop.
    """

    invoke: RoundRatio
    end_to_end: RoundRatio


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The machine while a row was measured; None where the system does not tell.

    Attributes:
        load_before: Load average over one minute before the first round.
        load_after: After the last.
        steal_share: Of the processor time, what the hypervisor gave to others, in [0, 1].
        temperature_c: Highest seen before or after a round.
        frequency_mhz: Lowest clock of the first core seen before or after a round.
        throttled: Flags of ``vcgencmd get_throttled``, all rounds together, as in ``0x50000``.
        spread: Of the rounds' p50 of invoke: largest by smallest, minus 1.
        noisy: Why the row is noisy; empty if it is not.
        attempts: How often all rounds were measured; the quietest attempt counts.
    """

    load_before: float | None
    load_after: float | None
    steal_share: float | None
    temperature_c: float | None
    frequency_mhz: float | None
    throttled: str | None
    spread: float
    noisy: tuple[str, ...]
    attempts: int


@dataclass(frozen=True, kw_only=True)
class OperatorCost:
    """Operators of one kind.

    Attributes:
        name: As in ``CONV_2D``.
        count: How many the file holds.
        macs: Multiplications with addition of one inference, all together. No runtime here tells
            the time of an operator to Python.
    """

    name: str
    count: int
    macs: int


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
