"""New results against old ones or a board's reference, row by row, within tolerances.

Accuracy is compared on the same pictures, latency and memory on the same kind of host. Rows of
different hosts are never ranked against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.merged import MergedResults, Tolerances, host_kind
from benchmarks.results import ModelResult, Results

Verdict = Literal["within", "better", "outside", "missing", "not compared"]
_ROUNDING = 1e-9
_ACCURACY = ("roc_auc", "pr_auc", "sensitivity", "specificity")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure of one row.

    Attributes:
        host: Kind of the new host.
        row: Variant, runtime, delegate and threads.
        figure: Its name.
        old: The old value; None where there is none.
        new: The new value; None where there is none.
        limit: The largest difference that is allowed: relative, for accuracy absolute.
        relative: Whether the difference counts as a share of the old value.
        verdict: What came of it.
        why: Of ``not compared`` and ``missing``.
    """

    host: str
    row: str
    figure: str
    old: float | None = None
    new: float | None = None
    limit: float | None = None
    relative: bool = False
    verdict: Verdict
    why: str = ""


def compare_results(new: MergedResults, old: MergedResults) -> list[Check]:
    """Every figure that both have; the old file's tolerances apply."""
    checks: list[Check] = []
    for run in new.runs:
        host = host_kind(run.environment)
        for old_run in old.runs:
            checks += _compare_runs(host, run, old_run, old.tolerances)
    return checks


def row_name(model: ModelResult) -> str:
    """As in ``int8, ai-edge-litert, cpu, 1``."""
    runtime = (model.runtime or "").partition(" ")[0]
    parts = (model.variant, runtime, model.delegate, model.threads)
    return ", ".join(str(part) for part in parts if part)


def _compare_runs(host: str, new: Results, old: Results, tolerances: Tolerances) -> Iterator[Check]:
    old_host = host_kind(old.environment)
    known = {row_name(model): model for model in new.models}
    for before in old.models:
        name = row_name(before)
        now = known.get(name)
        if now is None:
            if host == old_host:
                yield Check(
                    host=host,
                    row=name,
                    figure="all",
                    verdict="missing",
                    why="not in the new results",
                )
            continue
        if new.pictures.sha256 == old.pictures.sha256:
            yield from _accuracy(host, name, now, before, tolerances)
        else:
            yield _left_out(host, name, "accuracy", "other pictures")
        if host == old_host:
            yield from _costs(host, name, now, before, tolerances)
        elif before.latency is not None:
            yield _left_out(host, name, "latency and memory", f"other host: {old_host}")


def _left_out(host: str, row: str, figure: str, why: str) -> Check:
    return Check(host=host, row=row, figure=figure, verdict="not compared", why=why)


def _accuracy(
    host: str, row: str, now: ModelResult, before: ModelResult, tolerances: Tolerances
) -> Iterator[Check]:
    same = (now.file_sha256, now.runtime) == (before.file_sha256, before.runtime)
    limit = tolerances.accuracy_same_file if same else tolerances.accuracy_other_file
    figures = {
        **{
            name: (now.accuracy.figures[name].value, before.accuracy.figures[name].value)
            for name in _ACCURACY
        },
        "brier": (now.accuracy.brier, before.accuracy.brier),
        "ece": (now.accuracy.ece, before.accuracy.ece),
    }
    for name, (value, old) in figures.items():
        if value is None or old is None:
            yield _left_out(host, row, name, "undefined on these pictures")
            continue
        inside = abs(value - old) <= limit + _ROUNDING
        yield Check(
            host=host,
            row=row,
            figure=name,
            old=old,
            new=value,
            limit=limit,
            verdict="within" if inside else "outside",
        )


def _costs(
    host: str, row: str, now: ModelResult, before: ModelResult, tolerances: Tolerances
) -> Iterator[Check]:
    """Costs may fall; they may rise by a tolerance, and by the noise that the rows state."""
    noise = max(_spread(now), _spread(before))
    ratio = max(tolerances.ratio, _ratio_spread(now), _ratio_spread(before))
    for figure, of, limit in (
        ("invoke × bare", _invoke_ratio, ratio),
        ("end to end × bare", _end_to_end_ratio, ratio),
        ("invoke p50 ms", _invoke_ms, max(tolerances.latency, noise)),
        ("end to end p50 ms", _end_to_end_ms, max(tolerances.latency, noise)),
        ("steady MiB", _steady_mib, tolerances.memory),
        ("peak MiB", _peak_mib, tolerances.memory),
        ("size MB", _size_mb, tolerances.size),
    ):
        yield from _cost(host, row, figure, (of(now), of(before)), limit)


def _cost(
    host: str, row: str, figure: str, values: tuple[float | None, float | None], limit: float
) -> Iterator[Check]:
    value, old = values
    if value is None or old is None or old <= 0:
        return
    rise = value / old - 1
    verdict: Verdict = "outside" if rise > limit else "better" if rise < -limit else "within"
    yield Check(
        host=host,
        row=row,
        figure=figure,
        old=old,
        new=value,
        limit=limit,
        relative=True,
        verdict=verdict,
    )


def _spread(model: ModelResult) -> float:
    conditions = model.conditions
    return conditions.spread if conditions is not None and conditions.noisy else 0.0


def _ratio_spread(model: ModelResult) -> float:
    """Of a noisy row, by how much its rounds' ratios differ: far less than its latencies."""
    if model.to_bare is None or not _spread(model):
        return 0.0
    return model.to_bare.invoke.high / model.to_bare.invoke.low - 1


def _invoke_ratio(model: ModelResult) -> float | None:
    return None if model.to_bare is None else model.to_bare.invoke.value


def _end_to_end_ratio(model: ModelResult) -> float | None:
    return None if model.to_bare is None else model.to_bare.end_to_end.value


def _invoke_ms(model: ModelResult) -> float | None:
    return None if model.latency is None else model.latency.invoke.p50_ms


def _end_to_end_ms(model: ModelResult) -> float | None:
    return None if model.latency is None else model.latency.end_to_end.p50_ms


def _steady_mib(model: ModelResult) -> float | None:
    return None if model.memory is None else model.memory.steady_mib


def _peak_mib(model: ModelResult) -> float | None:
    return None if model.memory is None else model.memory.peak_mib


def _size_mb(model: ModelResult) -> float | None:
    return None if model.size_bytes is None else model.size_bytes / 1e6
