"""``melanoma-bench report``: results as a page, plots, and a table for a README."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.operator_results import OperatorResults, read_operators
from benchmarks.output_folder import output_folder
from benchmarks.page import page
from benchmarks.plot import require_matplotlib
from benchmarks.plot_footprint import has_operators, plot_memory, plot_operators
from benchmarks.plot_latency import plot_latency, plot_stages
from benchmarks.plot_operator_time import plot_operator_time
from benchmarks.plot_pareto import plot_pareto
from benchmarks.report_reading import read_panels
from benchmarks.report_rows import Panel
from benchmarks.report_tables import markdown_tables
from edge_runtime import console

PAGE_FILE, TABLE_FILE = "report.html", "table.md"
_DRAW: dict[str, Callable[[Sequence[Panel], Path], None]] = {
    "accuracy_latency": plot_pareto,
    "latency": plot_latency,
    "stages": plot_stages,
    "memory_size": plot_memory,
    "operators": plot_operators,
}


def report(
    results: Annotated[
        list[Path], typer.Argument(help="What run or merge wrote, folders or JSON files.")
    ],
    out: Annotated[Path, typer.Option(help="New folder.")],
    operators: Annotated[
        Path | None, typer.Option(help="What operators wrote: its plot goes on the page too.")
    ] = None,
) -> None:
    """Write one page with all plots and tables, the plots as PNG, and a table for a README.

    Rows of different hosts stand in separate panels and are not ranked against each other.
    """
    require_matplotlib()
    panels = read_panels(results)
    times = None if operators is None else read_operators(operators)
    with output_folder(out) as folder:
        write_report(panels, folder, times)
    console.log.info("written to %s", console.display_name(out))


def write_report(
    panels: Sequence[Panel], folder: Path, times: OperatorResults | None = None
) -> None:
    """Write page, plots and table into a folder that exists.

    Args:
        panels: At least one.
        folder: Files of the same names are replaced.
        times: Time by operator, if it was measured.
    """
    plots = {}
    for name, draw in _DRAW.items():
        if name == "operators" and not has_operators(panels):
            continue
        path = folder / f"{name}.png"
        draw(panels, path)
        plots[name] = path.read_bytes()
    if times is not None:
        path = folder / "operator_time.png"
        plot_operator_time(times, path)
        plots["operator_time"] = path.read_bytes()
    (folder / TABLE_FILE).write_text(markdown_tables(panels), encoding="utf-8")
    (folder / PAGE_FILE).write_text(page(panels, plots), encoding="utf-8")
