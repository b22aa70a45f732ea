"""From ``results.json`` files to what a report shows; keys that are absent are no fault."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.host_conditions import NOISY_SPREAD
from benchmarks.merged import RESULTS_FILE
from benchmarks.report_host import about_benchmark, host_detail, host_name
from benchmarks.report_labels import distinct_labels
from benchmarks.report_rows import (
    BASELINE,
    DEVICE,
    KERAS_LOGITS,
    Differences,
    Interval,
    Operators,
    Panel,
    ReportRow,
    Spread,
)
from edge_runtime.console import display_name
from edge_runtime.errors import InputError

_KNOWN_SCHEMA = 1
_FIGURES = ("roc_auc", "pr_auc", "sensitivity", "specificity")
_STAGES = ("invoke", "end_to_end", "preprocess", "resize")

Json = Mapping[str, Any]
T = TypeVar("T", Spread, Operators)


def read_panels(paths: Sequence[Path]) -> list[Panel]:
    """The panels of all files, in their order; a file of several hosts gives several.

    Args:
        paths: What ``run`` or ``merge`` wrote: files, or folders with a ``results.json``.

    Raises:
        InputError: If a file cannot be read or holds no results.
    """
    return [panel for path in paths for panel in _read(path)]


def _read(path: Path) -> list[Panel]:
    if path.is_dir():
        path /= RESULTS_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        runs = data.get("runs", [data])
        newest = max(run["schema_version"] for run in runs)
        if newest <= _KNOWN_SCHEMA:
            return [panel for run in runs for panel in panels_of(run)]
    except OSError as error:
        raise _no_results(path, error.strerror or str(error)) from error
    except KeyError as error:
        raise _no_results(path, f"no key {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _no_results(path, str(error)) from error
    raise InputError(
        f"expected results of schema version {_KNOWN_SCHEMA}. Received: {display_name(path)}: "
        f"schema_version={newest}. Use a newer release of melanoma-edge."
    )


def _no_results(path: Path, why: str) -> InputError:
    return InputError(
        f"expected results of melanoma-bench run or merge. Received: {display_name(path)}: {why}. "
        "Name the folder that the benchmark wrote, or the JSON file in it."
    )


def panels_of(data: Json) -> list[Panel]:
    """The panels of one benchmark, one a host.

    Args:
        data: Content of ``results.json``.

    Raises:
        KeyError: If a key is missing without which there is nothing to report.
    """
    by_host: dict[str, list[Json]] = {}
    environments: dict[str, Json] = {}
    for row in [*data["models"], *data.get("baselines", ())]:
        environment = row.get("environment") or data["environment"]
        host = host_name(environment) + host_detail(environment)
        by_host.setdefault(host, []).append(row)
        environments.setdefault(host, environment)
    return [_panel(data, rows, environments[host]) for host, rows in by_host.items()]


def _panel(data: Json, rows: Sequence[Json], environment: Json) -> Panel:
    read = tuple(_row(row, data.get("settings", {})) for row in rows)
    labels = distinct_labels(read)
    return Panel(
        host=host_name(environment),
        host_detail=host_detail(environment),
        model=data["model"],
        created=data["created"],
        about=tuple(about_benchmark(data, environment)),
        skipped=dict(data.get("skipped") or {}),
        demonstration=bool(data.get("demonstration")),
        rows=tuple(replace(row, label=label) for row, label in zip(read, labels, strict=True)),
    )


def _row(row: Json, settings: Json) -> ReportRow:
    is_baseline = "name" in row
    times: Json = row if is_baseline else row.get("latency") or {}
    accuracy: Json = row.get("accuracy") or {}
    memory: Json = row.get("memory") or {}
    energy: Json = row.get("energy") or {}
    is_keras = not is_baseline and row["variant"] == "keras"
    size = row.get("size_bytes")
    rounds_ms = tuple(times.get("round_invoke_p50_ms") or ())
    threads = row.get("threads", None if is_baseline else settings.get("threads"))
    return ReportRow(
        label=row["name"] if is_baseline else row["variant"],
        kind=BASELINE if is_baseline else KERAS_LOGITS if is_keras else DEVICE,
        variant=None if is_keras else row["variant"],
        software=row.get("software") or row.get("runtime"),
        threads=None if is_keras else threads,
        delegate=row.get("delegate"),
        size_mb=None if size is None else size / 1e6,
        figures=_figures(accuracy),
        differences=_differences(accuracy),
        stages={name: _only(Spread, times[name]) for name in _STAGES if times.get(name)},
        rounds_ms=rounds_ms,
        bound_p90_ms=_bound_p90(times.get("invoke_bounds") or ()),
        starts_ms={
            name: times[f"{name}_ms"]
            for name in ("open", "load", "first")
            if times.get(f"{name}_ms") is not None
        },
        queries=times.get("queries"),
        throughput_per_s=times.get("throughput_per_s"),
        steady_mib=memory.get("steady_mib"),
        peak_mib=memory.get("peak_mib"),
        to_bare=_interval((row.get("to_bare") or {}).get("invoke")),
        noisy=_noise(row, rounds_ms),
        operators=tuple(_only(Operators, one) for one in row.get("operators") or ()),
        energy_j=_energy(energy),
        energy_meter=energy.get("meter"),
    )


def _energy(energy: Json) -> Interval | None:
    if not energy:
        return None
    return Interval(value=energy["picture_j"], low=energy["low_j"], high=energy["high_j"])


def _noise(row: Json, rounds_ms: Sequence[float]) -> tuple[str, ...]:
    """What the file says; one that says nothing of it is judged by its rounds."""
    if row.get("conditions") is not None:
        return tuple(row["conditions"].get("noisy") or ())
    spread = max(rounds_ms) / min(rounds_ms) - 1 if rounds_ms else 0.0
    return (f"rounds differ by {spread:.0%}",) if spread > NOISY_SPREAD else ()


def _only(kind: type[T], values: Json) -> T:
    """The dataclass from those keys that it knows."""
    return kind(**{field.name: values[field.name] for field in fields(kind)})


def _figures(accuracy: Json) -> dict[str, Interval]:
    found = {name: _interval((accuracy.get("figures") or {}).get(name)) for name in _FIGURES}
    calibration = accuracy.get("calibration") or {}
    for name in ("brier", "ece"):
        plain = accuracy.get(name)
        found[name] = _interval(calibration.get(name)) or (
            None if plain is None else Interval(value=plain)
        )
    return {name: figure for name, figure in found.items() if figure is not None}


def _differences(accuracy: Json) -> Differences | None:
    if accuracy.get("flips") is None:
        return None
    paired = accuracy.get("paired") or {}
    auc = paired.get("roc_auc") or {}
    return Differences(
        roc_auc=_interval(auc) or _interval(accuracy.get("roc_auc_change")),
        roc_auc_p=auc.get("p_value"),
        sensitivity=_interval(paired.get("sensitivity")),
        specificity=_interval(paired.get("specificity")),
        flips=accuracy["flips"],
        gained=paired.get("gained"),
        lost=paired.get("lost"),
        mcnemar_p=paired.get("p_value"),
    )


def _interval(figure: Json | None) -> Interval | None:
    if not figure or figure.get("value") is None:
        return None
    return Interval(value=figure["value"], low=figure.get("low"), high=figure.get("high"))


def _bound_p90(bounds: Sequence[Json]) -> float | None:
    found = [bound.get("bound_ms") for bound in bounds if bound.get("percentile") == 0.9]
    return found[0] if found else None
