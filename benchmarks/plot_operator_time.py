"""Time by operator as bars, with the share of the arithmetic beside it."""

import math
import textwrap
from pathlib import Path
from typing import Any

from benchmarks.operator_results import OperatorResults
from benchmarks.operator_time import OperatorTimes
from benchmarks.plot_panels import WIDTH_INCHES, quiet_axes
from benchmarks.report_host import host_name
from edge_runtime.contract.schema import to_json
from trainer.plot_style import BLUE, INK, VERMILION, write_png

_COLUMNS = 2
_ROW_INCHES = 0.19
_HEAD_INCHES = 0.95
_TITLE_LETTERS = 44
CAPTION = (
    "How much longer an inference takes that ends one block later: bar, median of the rounds; "
    "line, their range. Tick: where the bar would end if time were as arithmetic. A block ends "
    "where one tensor is all that the rest needs."
)


def plot_operator_time(results: OperatorResults, path: Path) -> None:
    """Write a panel a file, as PNG."""
    lines = math.ceil(len(results.files) / _COLUMNS)
    most = max(len(times.blocks) for times in results.files)
    height = lines * (_HEAD_INCHES + _ROW_INCHES * most) + 0.2

    def draw(figure: Any) -> None:
        threads = f"{results.threads} thread{'s' if results.threads > 1 else ''}"
        host = host_name(to_json(results.environment))
        title = f"Time by operator ({host}, {threads}); tick: if time were as arithmetic"
        figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, fontweight="bold")
        columns = min(_COLUMNS, len(results.files))
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes in panels[len(results.files) :]:
            axes.set_axis_off()
        for axes, times in zip(panels, results.files, strict=False):
            _draw_file(axes, times)

    write_png(path, (WIDTH_INCHES, height), draw)


def _draw_file(axes: Any, times: OperatorTimes) -> None:
    quiet_axes(axes)
    whole_macs = sum(block.macs for block in times.blocks) or 1
    places = range(len(times.blocks))
    for y, block in zip(places, times.blocks, strict=True):
        axes.barh(y, max(block.ms, 0.0), height=0.62, color=BLUE)
        axes.plot([block.low_ms, block.high_ms], [y, y], color=INK, lw=0.9)
        even = times.whole_ms * block.macs / whole_macs
        axes.plot([even, even], [y - 0.38, y + 0.38], color=VERMILION, lw=1.4)
    axes.set_yticks(places, [block.name for block in times.blocks], fontsize=7)
    axes.set_ylim(len(times.blocks) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("ms")
    name = textwrap.fill(times.file, _TITLE_LETTERS)
    axes.set_title(f"{name}\n{times.whole_ms:.1f} ms in all", fontsize=7.5)
