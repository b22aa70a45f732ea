"""How latencies are distributed, and which stages they consist of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.plot_panels import (
    colour_of,
    is_filled,
    logarithmic,
    name_rows,
    nothing_to_draw,
    plot_panels,
    quiet_axes,
    write_note,
)
from benchmarks.report import significant
from benchmarks.report_rows import Panel, ReportRow
from trainer.plot_style import INK, QUIET

_ROW_INCHES = 0.27
_LOG_RATIO = 8.0
_COLUMNS = (("invoke", "inference (ms)"), ("end_to_end", "picture file to decision (ms)"))
LATENCY_CAPTION = (
    "Thin line: fastest query to p99. Thick line: p50 to p90. Dot: p50. Ticks below: the median "
    "of each round, a process of its own; their spread is the machine's noise. Bar: MLPerf's upper "
    "bound of p90 at 99 % confidence. Figures: p50 / p90 / p99. Hollow: other software."
)
STAGES_CAPTION = (
    "Median time of each stage, picture file to decision. The rest is the checks before scoring, "
    "the score and the bookkeeping, as the difference of medians."
)


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """A part of a row's time: its name, colour and the colour of text on it."""

    name: str
    colour: str
    ink: str


_STAGES = (
    _Stage(name="read and decode", colour="#56B4E9", ink=INK),
    _Stage(name="resize", colour="#009E73", ink="white"),
    _Stage(name="inference", colour="#0072B2", ink="white"),
    _Stage(name="rest", colour="#bdbdbd", ink=INK),
)
_PREPROCESS = _Stage(name="read, decode, resize", colour="#56B4E9", ink=INK)


def plot_latency(panels: Sequence[Panel], path: Path) -> None:
    """Write the distributions of latency, inference beside end to end, as PNG."""
    plot_panels(
        path,
        panels,
        _draw_spreads,
        height_inches=lambda panel: 0.75 + _ROW_INCHES * max(3, len(_timed(panel))),
    )


def _timed(panel: Panel) -> list[ReportRow]:
    return [row for row in panel.rows if row.stages]


def _draw_spreads(part: Any, panel: Panel) -> None:
    rows = _timed(panel)
    if not rows:
        nothing_to_draw(part, "No latency was measured.")
        return
    shown = [one for one in _COLUMNS if any(one[0] in row.stages for row in rows)]
    columns = part.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (stage, label) in zip(columns, shown, strict=True):
        quiet_axes(axes)
        _draw_stage(axes, rows, stage, label)
    name_rows(columns[0], rows)
    write_note(columns[-1], "p50 / p90 / p99")


def _draw_stage(axes: Any, rows: Sequence[ReportRow], stage: str, label: str) -> None:
    spreads = [row.stages[stage] for row in rows if stage in row.stages]
    low = min(spread.min_ms for spread in spreads)
    high = max(spread.p99_ms for spread in spreads)
    if high > _LOG_RATIO * min(spread.p50_ms for spread in spreads):
        logarithmic(axes, low, high)
        axes.set_xlim(low / 1.2, high * (high / low) ** 0.75)
        label = f"{label[:-1]}, logarithmic)"
    else:
        axes.set_xlim(0, high * 1.7)
    axes.set_xlabel(label)
    for y, row in enumerate(rows):
        if stage in row.stages:
            _draw_spread(axes, y, row, stage)
        else:
            axes.text(0.02, y, "–", color=QUIET, va="center", transform=axes.get_yaxis_transform())


def _draw_spread(axes: Any, y: int, row: ReportRow, stage: str) -> None:
    spread, colour = row.stages[stage], colour_of(row)
    axes.plot([spread.min_ms, spread.p99_ms], [y, y], color=colour, lw=1.0)
    axes.plot([spread.p50_ms, spread.p90_ms], [y, y], color=colour, lw=4, solid_capstyle="butt")
    face = colour if is_filled(row) else "white"
    axes.plot(spread.p50_ms, y, "o", ms=5.5, color=face, mec=colour, mew=1.2, zorder=3)
    if stage == "invoke":
        axes.plot(row.rounds_ms, [y + 0.33] * len(row.rounds_ms), "|", ms=4, color=colour, mew=0.8)
        if row.bound_p90_ms is not None:
            axes.plot(row.bound_p90_ms, y, "|", ms=9, color=colour, mew=1.4)
    axes.annotate(
        " / ".join(significant(v) for v in (spread.p50_ms, spread.p90_ms, spread.p99_ms)),
        (max(spread.p99_ms, row.bound_p90_ms or 0.0) if stage == "invoke" else spread.p99_ms, y),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        color=INK,
    )


def plot_stages(panels: Sequence[Panel], path: Path) -> None:
    """Write what an assessment's time consists of, as PNG."""
    plot_panels(
        path,
        panels,
        _draw_stages,
        height_inches=lambda panel: 1.0 + _ROW_INCHES * max(2, len(_whole(panel))),
    )


def _whole(panel: Panel) -> list[ReportRow]:
    return [row for row in panel.rows if {"invoke", "end_to_end", "preprocess"} <= set(row.stages)]


def _draw_stages(part: Any, panel: Panel) -> None:
    rows = _whole(panel)
    if not rows:
        nothing_to_draw(part, "Stages were not measured apart.")
        return
    axes = part.subplots()
    quiet_axes(axes)
    legend: dict[str, Any] = {}
    highest = max(row.stages["end_to_end"].p50_ms for row in rows)
    for y, row in enumerate(rows):
        left = 0.0
        for stage, value in _parts(row):
            bar = axes.barh(y, value, left=left, height=0.62, color=stage.colour)
            legend.setdefault(stage.name, bar)
            if value > 0.07 * highest:
                text = significant(value)
                place = (left + value / 2, y)
                axes.text(*place, text, color=stage.ink, ha="center", va="center", fontsize=7)
            left += value
        axes.annotate(
            f"{significant(row.stages['end_to_end'].p50_ms)} ms",
            (left, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    name_rows(axes, rows)
    axes.set_xlim(0, highest * 1.13)
    axes.set_xlabel("median time (ms)")
    axes.legend(
        list(legend.values()),
        list(legend),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(legend),
        handlelength=1,
        borderaxespad=0.2,
    )


def _parts(row: ReportRow) -> list[tuple[_Stage, float]]:
    decode, resize, inference, rest = _STAGES
    medians = {name: spread.p50_ms for name, spread in row.stages.items()}
    before = medians["preprocess"]
    parts = [(_PREPROCESS, before)]
    if "resize" in medians and medians["resize"] < before:
        parts = [(decode, before - medians["resize"]), (resize, medians["resize"])]
    left = medians["end_to_end"] - before - medians["invoke"]
    return [*parts, (inference, medians["invoke"]), (rest, max(0.0, left))]
