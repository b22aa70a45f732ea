"""``melanoma-bench growth``: how cost grows with image size, cut, interpreters and pictures."""

import shutil
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.growth import run_growth
from benchmarks.growth_plan import FULL, QUICK
from benchmarks.growth_report import COLUMNS, growth_markdown, growth_notes, growth_rows
from benchmarks.growth_results import GrowthResults, dump_growth
from benchmarks.kept_measurements import SUFFIX, KeptMeasurements
from benchmarks.output_folder import output_folder
from benchmarks.plot import require_matplotlib
from benchmarks.plot_growth import plot_growth
from edge_runtime import console

RESULTS_FILE, TABLE_FILE = "growth.json", "growth.md"
_MODELS = ".models"
_NOTE_WIDTH = 110


def growth(
    out: Annotated[Path, typer.Option(help="New folder.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Few points, each once: minutes, not for citing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The results as JSON on stdout, not as a table.")
    ] = False,
) -> None:
    """Show how latency, memory, throughput and training time grow; fit an exponent to each.

    Networks have random weights. Each point is measured in a process of its own. After Ctrl-C the
    same command goes on where it was.
    """
    require_matplotlib()
    kept = KeptMeasurements(folder=out.with_name(out.name + SUFFIX))
    models = out.with_name(out.name + _MODELS)
    with output_folder(out) as folder:
        results = run_growth(QUICK if quick else FULL, kept, models, quick=quick)
        (folder / RESULTS_FILE).write_text(dump_growth(results), encoding="utf-8")
        (folder / TABLE_FILE).write_text(growth_markdown(results), encoding="utf-8")
        plot_growth(results, folder)
    kept.remove()
    shutil.rmtree(models, ignore_errors=True)
    _show(results, as_json=as_json)
    console.log.info("written to %s", console.display_name(out))


def _show(results: GrowthResults, *, as_json: bool) -> None:
    if as_json:
        console.write_line(dump_growth(results).rstrip())
    else:
        console.print_table(COLUMNS, growth_rows(results))
        console.write_line()
    for note in growth_notes(results):
        wrapped = textwrap.fill(note, _NOTE_WIDTH, subsequent_indent="  ")
        (console.log.info if as_json else console.write_line)(wrapped)
