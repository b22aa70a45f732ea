"""Every row and baseline with its latency, as a table for people."""

from collections.abc import Sequence

from benchmarks.report import NOTHING, significant
from benchmarks.results import Accuracy, BaselineResult, Memory, ModelResult, Results
from benchmarks.row_results import Conditions, PercentileBound, RoundRatio

COLUMNS = (
    "row",
    "software",
    "threads",
    "invoke p50 / p90 / p99 ms",
    "p90 at most",
    "× bare",
    "end to end p50 / p90 ms",
    "decode + resize ms",
    "load / first ms",
    "pictures/s",
    "MiB steady / peak",
    "ROC-AUC",
    "flips",
    "noisy",
)


def latency_rows(results: Results) -> list[tuple[str, ...]]:
    """The device's own code first, then the baselines; a row each, as in :data:`COLUMNS`."""
    return [
        *(_model_row(model) for model in results.models if model.latency is not None),
        *(_baseline_row(baseline) for baseline in results.baselines),
    ]


def latency_notes(results: Results) -> list[str]:
    """How the latency table is to be read."""
    measured = [model for model in results.models if model.latency is not None]
    told = [
        "× bare: invoke by that of the bare interpreter loop in the same round; in brackets the "
        "smallest and largest of the rounds. p90 at most: MLPerf's early-stopping bound of invoke "
        "at 99 % confidence. A baseline's flips count against the device's own code with its file.",
    ]
    if not all(model.latency and model.latency.mlperf_minimum for model in measured):
        told.append(
            "Shorter than MLPerf's SingleStream, which asks for 600 s a row: --min-seconds 600."
        )
    noisy = [
        f"{model.variant}, {model.threads} thread(s): {' and '.join(_noise(model.conditions))}"
        for model in measured
        if _noise(model.conditions)
    ]
    if noisy:
        told.append(
            f"Noisy rows: {'; '.join(noisy)}. Repeat on a quiet machine, or with --repeat-noisy 3."
        )
    return told


def _model_row(model: ModelResult) -> tuple[str, ...]:
    latency = model.latency
    if latency is None:
        raise ValueError(f"expected a row with latency. Received: {model.variant!r}")
    invoke, whole, resize = latency.invoke, latency.end_to_end, latency.resize
    decode = latency.preprocess.p50_ms - (resize.p50_ms if resize else 0.0)
    return (
        model.variant,
        f"device code, {model.runtime}{'' if model.delegate == 'cpu' else f', {model.delegate}'}",
        str(model.threads),
        _three(invoke.p50_ms, invoke.p90_ms, invoke.p99_ms),
        _bound(latency.invoke_bounds),
        NOTHING if model.to_bare is None else _ratio(model.to_bare.invoke),
        _three(whole.p50_ms, whole.p90_ms),
        f"{significant(decode)} + {significant(resize.p50_ms)}" if resize else NOTHING,
        _three(latency.load_ms, latency.first_ms),
        NOTHING if latency.throughput_per_s is None else significant(latency.throughput_per_s),
        _memory(model.memory),
        _area(model.accuracy),
        NOTHING if model.accuracy.flips is None else str(model.accuracy.flips),
        "yes" if _noise(model.conditions) else "no",
    )


def _baseline_row(baseline: BaselineResult) -> tuple[str, ...]:
    accuracy, whole = baseline.accuracy, baseline.end_to_end
    return (
        baseline.variant or baseline.name,
        f"{baseline.name}: {baseline.software}",
        NOTHING if baseline.threads is None else str(baseline.threads),
        _three(baseline.invoke.p50_ms, baseline.invoke.p90_ms, baseline.invoke.p99_ms),
        _bound(baseline.invoke_bounds),
        "1" if baseline.name == "bare" else NOTHING,
        NOTHING if whole is None else _three(whole.p50_ms, whole.p90_ms),
        NOTHING,
        _three(baseline.load_ms, baseline.first_ms),
        significant(1e3 / (whole or baseline.invoke).mean_ms),
        _memory(baseline.memory),
        _area(accuracy),
        NOTHING if accuracy is None or accuracy.flips is None else str(accuracy.flips),
        "yes" if baseline.conditions.noisy else "no",
    )


def _area(accuracy: Accuracy | None) -> str:
    value = None if accuracy is None else accuracy.figures["roc_auc"].value
    return NOTHING if value is None else f"{value:.3f}"


def _three(*values_ms: float) -> str:
    return " / ".join(significant(value) for value in values_ms)


def _ratio(ratio: RoundRatio) -> str:
    return f"{ratio.value:.2f} [{ratio.low:.2f}–{ratio.high:.2f}]"


def _bound(bounds: Sequence[PercentileBound]) -> str:
    found = next((bound.bound_ms for bound in bounds if bound.percentile == 0.9), None)
    return NOTHING if found is None else significant(found)


def _memory(memory: Memory | None) -> str:
    if memory is None or memory.steady_mib is None or memory.peak_mib is None:
        return NOTHING
    return f"{memory.steady_mib:.0f} / {memory.peak_mib:.0f}"


def _noise(conditions: Conditions | None) -> tuple[str, ...]:
    return () if conditions is None else conditions.noisy
