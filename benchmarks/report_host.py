"""Sentences on where and how a benchmark was measured."""

from collections.abc import Iterator, Mapping
from typing import Any

from edge_runtime.contract.manifest import SCORES_FILE

Json = Mapping[str, Any]

_KNOWN_PICTURES = {
    "valid": "The thresholds were chosen on these pictures: the accuracy is optimistic.",
    "train": "The model was trained on these pictures: the accuracy is far too good.",
    "all": "The model was trained on most of these pictures: the accuracy is far too good.",
}


def host_name(environment: Json) -> str:
    """Board, else processor, else architecture."""
    named = environment.get("board") or environment.get("cpu") or environment.get("architecture")
    return " ".join(str(named or "unknown host").split())


def host_detail(environment: Json) -> str:
    """As in ``4 cores, aarch64, governor ondemand``; load differs from row to row and is not in."""
    cores = environment.get("cores")
    parts = [
        None if cores is None else f"{cores} core" + ("s" if cores != 1 else ""),
        environment.get("architecture"),
        None if not environment.get("governor") else f"governor {environment['governor']}",
    ]
    return ", ".join(part for part in parts if part)


def about_benchmark(data: Json, environment: Json) -> Iterator[str]:
    """Pictures, settings and environment, a sentence each."""
    yield from _pictures(data.get("pictures") or {})
    settings = data.get("settings") or {}
    if settings:
        seconds = f", at least {settings['min_s']:g} s" if settings.get("min_s") else ""
        yield (
            f"Latency: {settings.get('queries')} queries a row in {settings.get('rounds')} rounds"
            f"{seconds}, each round in a process of its own after {settings.get('warmup')} "
            "queries that are not counted; one query at a time (MLPerf's SingleStream)."
        )
    yield _machine(environment)
    versions = environment.get("versions") or {}
    if versions:
        yield "Versions: " + ", ".join(f"{name} {number}" for name, number in versions.items())
    load = environment.get("load_before")
    if load is not None:
        after = environment.get("load_after")
        until = "" if after is None else f", {after:.1f} after"
        yield f"Load average over one minute: {load:.1f} before{until}."


def _pictures(record: Json) -> Iterator[str]:
    if not record:
        return
    split = "" if record.get("split") == "all" else f"{record.get('split')} "
    scored, positive = record.get("scored", 0), record.get("positive", 0)
    yield (
        f"Pictures: {scored:,} {split}pictures of {record.get('data')} ({positive:,} positive, "
        f"{scored - positive:,} negative; {record.get('groups', 0):,} lesions), chosen by "
        f"{record.get('chosen_by')}; digest {str(record.get('sha256'))[:12]}."
    )
    if record.get("chosen_by") != SCORES_FILE:
        yield "Whether the model was trained on some of these pictures was not checked."
    elif record.get("split") in _KNOWN_PICTURES:
        yield _KNOWN_PICTURES[record["split"]]


def _machine(environment: Json) -> str:
    features = ", ".join(environment.get("cpu_features") or ())
    vectors = f", arithmetic: {features}" if features else ""
    cpu = environment.get("cpu")
    named = f" ({cpu})" if environment.get("board") and cpu else ""
    return (
        f"Machine: {host_name(environment)}{named}, {host_detail(environment)}{vectors}; "
        f"{environment.get('system') or 'system unknown'}."
    )
