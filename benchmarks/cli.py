"""``melanoma-bench``: measure exported models, and training, on this machine."""

import contextlib
import datetime as dt
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.edge_overhead import edge
from benchmarks.export_time import export_time
from benchmarks.models import find_models
from benchmarks.pictures import SPLIT_CHOICES
from benchmarks.plot import plot_accuracy_latency, require_matplotlib
from benchmarks.quality_gate import quality_gate
from benchmarks.report import COLUMNS, markdown, notes, table_rows
from benchmarks.results import Results, dump_results
from benchmarks.run import RunOptions, run_benchmark
from benchmarks.training_command import training
from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import InputError
from edge_runtime.interpreter import RUNTIMES

RESULTS_FILE, TABLE_FILE, PLOT_FILE = "results.json", "table.md", "accuracy_latency.png"
NOTE_WIDTH = 110

app = console.make_app(
    "Measure exported models on this machine: accuracy, latency, memory; and what training's "
    f"caches save. {NOTICE}"
)


@app.command()
def run(
    models: Annotated[
        Path, typer.Argument(help="Folder that melanoma-convert export wrote, or a .tflite file.")
    ],
    data: Annotated[
        Path, typer.Option(help="Data set that the model was trained on, or one it never saw.")
    ],
    split: Annotated[
        str, typer.Option(help=f"{', '.join(SPLIT_CHOICES[:-1])} or {SPLIT_CHOICES[-1]}.")
    ] = "test",
    queries: Annotated[
        int, typer.Option(min=1, help="Pictures that each variant is timed on, at least.")
    ] = 200,
    runtime: Annotated[str, typer.Option(help=f"auto, {' or '.join(RUNTIMES)}.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of one inference.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="New folder; default: MODELS/benchmark-<UTC time>.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The results as JSON on stdout, not as a table.")
    ] = False,
) -> None:
    """Compare variants: accuracy with intervals, latency, memory, size.

    Each variant assesses the pictures of the split with the device's own code, then answers
    single queries in a process of its own. Writes results.json, table.md and
    accuracy_latency.png.
    """
    console.require_choice("--split", split, SPLIT_CHOICES)
    console.require_choice("--runtime", runtime, ("auto", *RUNTIMES))
    require_matplotlib()
    files = find_models(models)
    out = out or _default_out(files[0].path.parent)
    options = RunOptions(data=data, split=split, runtime=runtime, threads=threads, queries=queries)
    with _output_folder(out) as folder:
        results = run_benchmark(files, options)
        _write(results, folder)
    _show(results, as_json=as_json)
    console.log.info("written to %s", console.display_name(out))


def _write(results: Results, folder: Path) -> None:
    (folder / RESULTS_FILE).write_text(dump_results(results), encoding="utf-8")
    (folder / TABLE_FILE).write_text(markdown(results), encoding="utf-8")
    plot_accuracy_latency(results, folder / PLOT_FILE)


def _show(results: Results, *, as_json: bool) -> None:
    if as_json:
        console.write_line(dump_results(results).rstrip())
    else:
        console.print_table(COLUMNS, table_rows(results))
        console.write_line()
    for note in notes(results):
        wrapped = textwrap.fill(note, NOTE_WIDTH, subsequent_indent="  ")
        (console.log.info if as_json else console.write_line)(wrapped)


def _default_out(folder: Path) -> Path:
    return folder / f"benchmark-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"


@contextlib.contextmanager
def _output_folder(out: Path) -> Iterator[Path]:
    """A folder beside the output that gets its name once all is written, or is removed.

    Raises:
        OutputExistsError: If the output exists.
        InputError: If no folder can be made there.
    """
    console.require_absent(out)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            f"expected a place for a new folder. Received: --out {console.display_name(out)}: "
            f"{error.strerror}. Name another one."
        ) from error
    try:
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


app.command()(training)
app.command()(edge)
app.command(name="export")(export_time)
app.command(name="quality-gate")(quality_gate)


def main() -> None:
    """Entry point of ``melanoma-bench``."""
    console.run_app(app)
