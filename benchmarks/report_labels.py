"""Short names of rows: what all rows share is left out."""

from collections.abc import Sequence

from benchmarks.report_rows import BASELINE, DEVICE, KERAS_LOGITS, ReportRow

_BASELINES = {
    "bare": "bare loop",
    "mediapipe": "MediaPipe",
    "tflite-runtime": "tflite-runtime",
    "keras": "Keras on CPU",
    "published": "published recipe",
}


def distinct_labels(rows: Sequence[ReportRow]) -> list[str]:
    """A label a row: variant or software, then what tells it from the others."""
    device = [row for row in rows if row.kind == DEVICE]
    runtimes = {_runtime(row) for row in device}
    threads = {row.threads for row in rows if row.kind != KERAS_LOGITS} - {None}
    delegates = {row.delegate for row in device}
    labels = []
    for row in rows:
        parts = [_name(row)]
        if row.kind == DEVICE and len(runtimes) > 1:
            parts.append(_runtime(row))
        if row.kind == DEVICE and len(delegates) > 1 and row.delegate:
            parts.append(row.delegate)
        if row.label == "bare" and len(runtimes) > 1:
            parts.append(_runtime(row))
        if row.threads is not None and len(threads) > 1:
            parts.append(f"{row.threads} thread" + ("s" if row.threads > 1 else ""))
        labels.append(", ".join(parts))
    return _numbered(labels)


def _name(row: ReportRow) -> str:
    if row.kind == KERAS_LOGITS:
        return "Keras (trainer's logits)"
    if row.kind == BASELINE:
        name = _BASELINES.get(row.label, row.label)
        return name if row.variant is None else f"{name}: {row.variant}"
    return row.variant or row.label


def _runtime(row: ReportRow) -> str:
    """The package, without its version."""
    return (row.software or "").partition(" ")[0]


def _numbered(labels: Sequence[str]) -> list[str]:
    """Labels that would be equal get a number."""
    seen: dict[str, int] = {}
    told = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        repeated = labels.count(label) > 1
        told.append(f"{label} ({seen[label]})" if repeated else label)
    return told
