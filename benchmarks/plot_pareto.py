"""Accuracy against latency: the trade-off between variants, with the uncertainty of both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.plot_labels import (
    PointLabel,
    height_above_inches,
    label_points,
    width_beside_inches,
)
from benchmarks.plot_panels import (
    colour_of,
    ink_of,
    is_filled,
    logarithmic,
    nothing_to_draw,
    plot_panels,
    quiet_axes,
)
from benchmarks.report_rows import KERAS_LOGITS, Interval, Panel, ReportRow
from trainer.plot_style import QUIET

# Beyond this ratio of latencies the quick rows would be squeezed together.
_LOG_RATIO = 6.0
_LEFT_INCHES, _BELOW_INCHES, _KERAS_INCHES = 0.6, 0.5, 1.2
CAPTION = (
    "Points: ROC-AUC and the median of inference. Vertical bars: 95 % interval of the ROC-AUC. "
    "Horizontal bars: smallest to largest median of a round. Filled: the device's own code; "
    "hollow: other software. The grey line joins the rows that no other row beats in both point "
    "values; where bars overlap, the order is not known."
)


def plot_pareto(panels: Sequence[Panel], path: Path) -> None:
    """Write ROC-AUC against the latency of inference, as PNG."""
    plot_panels(
        path,
        panels,
        _draw,
        height_inches=lambda panel: 2.7 + height_above_inches(_longest(_points(panel))),
    )


def _points(panel: Panel) -> list[ReportRow]:
    """Rows with both figures."""
    return [row for row in panel.rows if "roc_auc" in row.figures and "invoke" in row.stages]


def _name(row: ReportRow) -> str:
    return f"{row.label} {row.figures['roc_auc'].value:.3f}"


def _longest(rows: Sequence[ReportRow]) -> int:
    return max((len(_name(row)) for row in rows), default=0)


def _draw(part: Any, panel: Panel) -> None:
    rows = _points(panel)
    if not rows:
        nothing_to_draw(part, "No row has both a ROC-AUC and a latency.")
        return
    axes = part.subplots()
    width, height = part.bbox.width / part.dpi, part.bbox.height / part.dpi
    above = height_above_inches(_longest(rows))
    beside = max(_KERAS_INCHES, width_beside_inches(_longest(rows)))
    title = 0.4 if panel.demonstration else 0.25
    axes.set_position(
        (
            _LEFT_INCHES / width,
            _BELOW_INCHES / height,
            1 - (_LEFT_INCHES + beside) / width,
            1 - (_BELOW_INCHES + above + title) / height,
        )
    )
    axes.set_in_layout(False)
    quiet_axes(axes, grid="both")
    _draw_front(axes, rows)
    for row in rows:
        _draw_row(axes, row)
    for row in panel.rows:
        if row.kind == KERAS_LOGITS and "roc_auc" in row.figures:
            _draw_keras(axes, row.figures["roc_auc"].value)
    _set_axes(axes, rows)
    label_points(
        axes,
        [
            PointLabel(
                text=_name(row),
                x=row.stages["invoke"].p50_ms,
                y=row.figures["roc_auc"].value,
                colour=ink_of(row),
            )
            for row in rows
        ],
    )


def _draw_row(axes: Any, row: ReportRow) -> None:
    colour, auc, x = colour_of(row), row.figures["roc_auc"], row.stages["invoke"].p50_ms
    if auc.low is not None and auc.high is not None:
        axes.plot([x, x], [auc.low, auc.high], color=colour, lw=1.8, alpha=0.4, zorder=2)
    if row.rounds_ms:
        ends = [min(row.rounds_ms), max(row.rounds_ms)]
        axes.plot(ends, [auc.value] * 2, color=colour, lw=2.6, alpha=0.55, zorder=3)
    face = colour if is_filled(row) else "white"
    axes.plot(x, auc.value, "o", ms=6.5, color=face, mec=colour, mew=1.4, zorder=4)


def _draw_front(axes: Any, rows: Sequence[ReportRow]) -> None:
    """Steps through the rows that no other row beats in both."""
    points = sorted((row.stages["invoke"].p50_ms, -row.figures["roc_auc"].value) for row in rows)
    front: list[tuple[float, float]] = []
    for x, negative in points:
        if not front or -negative > front[-1][1]:
            front.append((x, -negative))
    if len(front) > 1:
        xs, ys = zip(*front, strict=True)
        axes.step(xs, ys, where="post", color=QUIET, lw=0.9, alpha=0.6, zorder=1)


def _draw_keras(axes: Any, auc: float) -> None:
    axes.axhline(auc, color=QUIET, lw=0.9, ls=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"Keras {auc:.3f},\nbefore conversion",
        (1, auc),
        xycoords=axes.get_yaxis_transform(),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        color=QUIET,
        fontsize=7.5,
    )


def _set_axes(axes: Any, rows: Sequence[ReportRow]) -> None:
    latencies = [value for row in rows for value in (row.stages["invoke"].p50_ms, *row.rounds_ms)]
    low, high = min(latencies), max(latencies)
    scale = ""
    if high > _LOG_RATIO * low:
        logarithmic(axes, low, high)
        axes.set_xlim(low / 1.25, high * 1.25)
        scale = ", logarithmic"
    else:
        margin = 0.08 * (high - low) + 0.03 * high
        axes.set_xlim(max(0.0, low - margin), high + margin)
    axes.set_xlabel(f"inference, median (ms{scale}); lower is better")
    axes.set_ylabel("ROC-AUC [95 % interval]")
    ends = [end for row in rows for end in _ends(row.figures["roc_auc"])]
    margin = 0.06 * (max(ends) - min(ends)) + 0.002
    axes.set_ylim(min(ends) - margin, max(ends) + margin)


def _ends(figure: Interval) -> tuple[float, float]:
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    return low, high
