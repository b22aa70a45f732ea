"""What a row needs besides time: memory, file size, and which operators do the arithmetic."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.plot_panels import (
    colour_of,
    is_filled,
    name_rows,
    nothing_to_draw,
    plot_panels,
    quiet_axes,
    write_note,
)
from benchmarks.report import significant
from benchmarks.report_rows import Operators, Panel, ReportRow
from trainer.plot_style import BLUE, INK

_ROW_INCHES = 0.27
_SHOWN_KINDS = 8
_TITLE_LETTERS = 84  # of all columns together
MEMORY_CAPTION = (
    "Left: resident memory of a process that does nothing else; dot: after the queries, line: up "
    "to the peak, usually reached while loading. Right: size of the whole file. Hollow: other "
    "software, with all that its packages load. MiB = 2²⁰ bytes, MB = 10⁶ bytes."
)
OPERATORS_CAPTION = (
    "Share of the multiplications with addition (MAC) of one inference, and how many operators of "
    "each kind the file holds. It is arithmetic, not time, which melanoma-bench operators measures."
)


def plot_memory(panels: Sequence[Panel], path: Path) -> None:
    """Write memory and file size, as PNG."""
    plot_panels(
        path,
        panels,
        _draw_memory,
        height_inches=lambda panel: 0.75 + _ROW_INCHES * max(3, len(_sized(panel))),
    )


def _sized(panel: Panel) -> list[ReportRow]:
    return [row for row in panel.rows if row.steady_mib is not None or row.size_mb is not None]


def _draw_memory(part: Any, panel: Panel) -> None:
    rows = _sized(panel)
    if not rows:
        nothing_to_draw(part, "Neither memory nor size is known.")
        return
    memory, size = part.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for axes in (memory, size):
        quiet_axes(axes)
    for y, row in enumerate(rows):
        _draw_process(memory, y, row)
        if row.size_mb is not None:
            face = colour_of(row) if is_filled(row) else "white"
            size.barh(y, row.size_mb, height=0.55, color=face, edgecolor=colour_of(row))
            _write_right(size, row.size_mb, y, f"{significant(row.size_mb)} MB")
    name_rows(memory, rows)
    known = [row.peak_mib or row.steady_mib or 0.0 for row in rows]
    memory.set_xlim(0, max(1.0, *known, 0.0) * 1.35)
    size.set_xlim(0, max(1e-3, *(row.size_mb or 0.0 for row in rows), 0.0) * 1.35)
    memory.set_xlabel("resident memory (MiB)")
    size.set_xlabel("file size (MB)")
    write_note(memory, "steady / peak")


def _draw_process(axes: Any, y: int, row: ReportRow) -> None:
    if row.steady_mib is None:
        return
    colour, peak = colour_of(row), row.peak_mib or row.steady_mib
    axes.plot([row.steady_mib, peak], [y, y], color=colour, lw=1.6)
    axes.plot(peak, y, "|", ms=7, color=colour, mew=1.4)
    face = colour if is_filled(row) else "white"
    axes.plot(row.steady_mib, y, "o", ms=6, color=face, mec=colour, mew=1.3)
    _write_right(axes, peak, y, f"{row.steady_mib:.0f} / {peak:.0f}")


def _write_right(axes: Any, x: float, y: float, text: str) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
        color=INK,
    )


def has_operators(panels: Sequence[Panel]) -> bool:
    """Whether any row tells what its file computes."""
    return any(row.operators for panel in panels for row in panel.rows)


def plot_operators(panels: Sequence[Panel], path: Path) -> None:
    """Write the share of the arithmetic by kind of operator, as PNG."""
    known = [panel for panel in panels if has_operators([panel])]
    plot_panels(
        path, known, _draw_operators, height_inches=lambda panel: 1.1 + 0.22 * len(_kinds(panel))
    )


def _profiles(panel: Panel) -> dict[tuple[Operators, ...], list[str]]:
    """What files compute, with the variants that compute it; mostly many share one."""
    profiles: dict[tuple[Operators, ...], list[str]] = {}
    for row in panel.rows:
        names = profiles.setdefault(row.operators, []) if row.operators else []
        name = row.variant or row.label
        if name not in names:
            names.append(name)
    return profiles


def _kinds(panel: Panel) -> list[str]:
    """Kinds of operators, those with most arithmetic and then most operators first."""
    most: dict[str, tuple[int, int]] = {}
    for operators in _profiles(panel):
        for one in operators:
            macs, count = most.get(one.name, (0, 0))
            most[one.name] = (max(macs, one.macs), max(count, one.count))
    return sorted(most, key=lambda name: (-most[name][0], -most[name][1], name))[:_SHOWN_KINDS]


def _draw_operators(part: Any, panel: Panel) -> None:
    profiles, kinds = _profiles(panel), _kinds(panel)
    columns = part.subplots(1, len(profiles), sharey=True, squeeze=False)[0]
    letters = _TITLE_LETTERS // len(profiles)
    for axes, (operators, variants) in zip(columns, profiles.items(), strict=True):
        quiet_axes(axes)
        whole = sum(one.macs for one in operators)
        _draw_shares(axes, {one.name: one for one in operators}, kinds, whole)
        title = textwrap.fill(", ".join(variants), letters)
        axes.set_title(f"{title}\n{whole / 1e9:.2f} GMAC", fontsize=8)
        axes.set_xlabel("share of arithmetic (%)")
    columns[0].set_yticks(range(len(kinds)), kinds, fontsize=7.5)
    columns[0].set_ylim(len(kinds) - 0.4, -0.6)


def _draw_shares(axes: Any, found: dict[str, Operators], kinds: Sequence[str], whole: int) -> None:
    for y, kind in enumerate(kinds):
        one = found.get(kind)
        share = 0.0 if one is None else 100 * one.macs / (whole or 1)
        axes.barh(y, share, height=0.6, color=BLUE)
        inside = share > 60
        axes.annotate(
            "–" if one is None else f"{_percent(share)} in {one.count:,}",
            (share, y),
            xytext=(-4 if inside else 4, 0),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center",
            fontsize=7,
            color="white" if inside else INK,
        )
    axes.set_xlim(0, 100)
    axes.set_xticks((0, 50, 100))


def _percent(share: float) -> str:
    if share == 0:
        return "0 %"
    return "< 0.1 %" if share < 0.05 else f"{share:.1f} %"
