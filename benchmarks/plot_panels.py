"""What all plots of a benchmark share: colours, marks, and a panel for each host.

Hosts stand in panels of their own, each with its own latency axis, because a row of one host says
nothing about the order of rows on another.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report_rows import BASELINE, Panel, ReportRow
from edge_runtime.sinks import DEMONSTRATION
from trainer.plot_style import FAINT, INK, QUIET, write_png

# Okabe and Ito's palette, told apart by colour-blind readers (jfly.uni-koeln.de/color).
COLOURS = {
    "float32": "#0072B2",
    "float16": "#56B4E9",
    "weight_int8": "#009E73",
    "dynamic_int8": "#E69F00",
    "int8": "#D55E00",
    "int16x8": "#CC79A7",
    "edgetpu": "#111111",
}
OTHER = "#767676"
_INK_SHARE = 78  # per cent of the brightness
WIDTH_INCHES = 7.4

DrawPanel = Callable[[Any, Panel], None]


def colour_of(row: ReportRow) -> str:
    """The variant's colour, whatever software ran it."""
    return COLOURS.get(row.variant or "", OTHER)


def ink_of(row: ReportRow) -> str:
    """The variant's colour, dark enough for letters."""
    colour = colour_of(row)
    red, green, blue = (int(colour[i : i + 2], 16) * _INK_SHARE // 100 for i in (1, 3, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"


def is_filled(row: ReportRow) -> bool:
    """Marks of the device's code are filled, those of other software are hollow."""
    return row.kind != BASELINE


def plot_panels(
    path: Path,
    panels: Sequence[Panel],
    draw: DrawPanel,
    *,
    height_inches: Callable[[Panel], float],
) -> None:
    """Write one PNG with a part for each panel, one below the other.

    Args:
        path: An older file is replaced.
        panels: At least one.
        draw: Draws a panel on a part of the figure.
        height_inches: What a panel needs without its title.
    """
    heights = [height_inches(panel) + 0.5 for panel in panels]

    def draw_all(figure: Any) -> None:
        parts = figure.subfigures(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, panel in zip(parts, panels, strict=True):
            part.suptitle(_title(panel), x=0.01, ha="left", fontsize=9.5, fontweight="bold")
            draw(part, panel)

    write_png(path, (WIDTH_INCHES, sum(heights) + 0.2), draw_all)


def _title(panel: Panel) -> str:
    threads = {row.threads for row in panel.rows if row.threads is not None}
    one = f", {min(threads)} thread{'s' if threads != {1} else ''}" if len(threads) == 1 else ""
    detail = f"{panel.title}{one}"
    return f"{detail}\n{DEMONSTRATION}" if panel.demonstration else detail


def quiet_axes(axes: Any, *, grid: str = "x") -> None:
    """Light lines behind the marks and no frame to the left of names."""
    axes.grid(axis=grid, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def name_rows(axes: Any, rows: Sequence[ReportRow]) -> None:
    """The rows' labels down the left side, the first on top."""
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def write_note(axes: Any, text: str) -> None:
    """A quiet sentence at the top right of the axes."""
    axes.set_title(text, loc="right", fontsize=7.5, fontweight="normal", color=QUIET)


def nothing_to_draw(part: Any, text: str) -> None:
    """A sentence in the place of a plot whose figures are missing."""
    axes = part.subplots()
    axes.set_axis_off()
    axes.text(0.0, 0.5, text, color=INK, fontsize=9, va="center", transform=axes.transAxes)


def logarithmic(axes: Any, low: float, high: float) -> None:
    """A logarithmic x axis with plain numbers, if the values spread far."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    subs = (1, 2, 5) if high < 100 * low else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
