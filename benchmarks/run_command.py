"""``melanoma-bench run``: every variant on this machine, beside what others would run."""

import contextlib
import datetime as dt
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.baseline_rows import BaselineOptions
from benchmarks.kept_measurements import SUFFIX, KeptMeasurements
from benchmarks.latency_table import COLUMNS as LATENCY_COLUMNS
from benchmarks.latency_table import latency_notes, latency_rows
from benchmarks.matrix import RUNTIME_CHOICES
from benchmarks.merged import read_results
from benchmarks.models import find_models
from benchmarks.output_folder import output_folder
from benchmarks.pictures import SPLIT_CHOICES
from benchmarks.plot import require_matplotlib
from benchmarks.plot_pareto import plot_pareto
from benchmarks.remote import RemoteHost, options_for_host, run_on_host
from benchmarks.report import COLUMNS, markdown, notes, table_rows
from benchmarks.report_reading import panels_of
from benchmarks.results import Results, dump_results
from benchmarks.run import RunOptions, run_benchmark
from edge_runtime import console
from edge_runtime.contract.schema import to_json

RESULTS_FILE, TABLE_FILE, PLOT_FILE = "results.json", "table.md", "accuracy_latency.png"
NOTE_WIDTH = 110


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
    pictures: Annotated[
        int | None, typer.Option(min=2, help="Pictures of the split at most, spread over it.")
    ] = None,
    queries: Annotated[
        int, typer.Option(min=1, help="Pictures that each row is timed on, at least.")
    ] = 200,
    min_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds that each row is timed for, at least.")
    ] = 0.0,
    runtime: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(RUNTIME_CHOICES)}; repeat it for several. Default: auto."),
    ] = None,
    threads: Annotated[
        list[int] | None,
        typer.Option(min=1, max=64, help="Of one inference; repeat it for several. Default: 1."),
    ] = None,
    delegate: Annotated[
        list[str] | None,
        typer.Option(help="cpu, edgetpu, usb:0 …; default: what each variant requires."),
    ] = None,
    repeat_noisy: Annotated[
        int, typer.Option(min=0, max=20, help="Measure noisy rows again, so often at most.")
    ] = 0,
    mediapipe_python: Annotated[
        str | None, typer.Option(help="Python of an environment with MediaPipe: a baseline.")
    ] = None,
    tflite_python: Annotated[
        str | None, typer.Option(help="Python of one with tflite-runtime and numpy 1.")
    ] = None,
    run_folder: Annotated[
        Path | None, typer.Option(help="Run folder of melanoma-train: Keras as a baseline.")
    ] = None,
    keras_python: Annotated[
        str | None, typer.Option(help="Python with Keras, for --run-folder; default: this one.")
    ] = None,
    published: Annotated[
        Path | None, typer.Option(help="The published baseline's own .tflite file.")
    ] = None,
    published_max_pixel: Annotated[
        float, typer.Option(min=1, help="White in --published: 1 as published, or 255.")
    ] = 1.0,
    host: Annotated[
        str | None, typer.Option(help="Measure there over OpenSSH instead: user@pi.")
    ] = None,
    host_command: Annotated[
        str, typer.Option(help="melanoma-bench on that host, or its path.")
    ] = "melanoma-bench",
    out: Annotated[
        Path | None, typer.Option(help="New folder; default: MODELS/benchmark-<UTC time>.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The results as JSON on stdout, not as a table.")
    ] = False,
) -> None:
    """Compare variants: accuracy with intervals, latency, memory, size.

    Each variant assesses the pictures of the split with the device's own code, then answers
    single queries in a process of its own, in turns with the bare interpreter loop. Writes
    results.json, table.md and accuracy_latency.png. After Ctrl-C the same command goes on.
    """
    console.require_choice("--split", split, SPLIT_CHOICES)
    for name in runtime or ():
        console.require_choice("--runtime", name, RUNTIME_CHOICES)
    require_matplotlib()
    options = RunOptions(
        data=data,
        split=split,
        runtimes=tuple(runtime or ("auto",)),
        threads=tuple(threads or (1,)),
        delegates=tuple(delegate or ()),
        queries=queries,
        min_s=min_seconds,
        repeat_noisy=repeat_noisy,
        pictures=pictures,
        baselines=BaselineOptions(
            mediapipe_python=mediapipe_python,
            tflite_python=tflite_python,
            keras_python=keras_python or sys.executable,
            run_folder=run_folder,
            published=published,
            published_max_pixel=published_max_pixel,
        ),
    )
    there = None if host is None else RemoteHost(name=host, command=host_command)
    _run(models, options, out, there, as_json=as_json)


def _run(
    models: Path, options: RunOptions, out: Path | None, host: RemoteHost | None, *, as_json: bool
) -> None:
    files = find_models(models)
    out = out or _default_out(files[0].path.parent)
    kept = KeptMeasurements(folder=out.with_name(out.name + SUFFIX))
    with output_folder(out) as folder, _said_how_to_go_on(kept):
        if host is None:
            results = run_benchmark(files, options, kept)
            _write(results, folder)
        else:
            pictures = options.data, options.split, options.pictures
            run_on_host(host, files, pictures, options_for_host(options), folder)
            results = read_results(folder).runs[0]
    kept.remove()
    _show(results, as_json=as_json)
    console.log.info("written to %s", console.display_name(out))


def _write(results: Results, folder: Path) -> None:
    (folder / RESULTS_FILE).write_text(dump_results(results), encoding="utf-8")
    (folder / TABLE_FILE).write_text(markdown(results), encoding="utf-8")
    plot_pareto(panels_of(to_json(results)), folder / PLOT_FILE)


def _show(results: Results, *, as_json: bool) -> None:
    if as_json:
        console.write_line(dump_results(results).rstrip())
    else:
        console.print_table(COLUMNS, table_rows(results))
        console.write_line()
        console.print_table(LATENCY_COLUMNS, latency_rows(results))
        console.write_line()
    for note in [*latency_notes(results), *notes(results)]:
        wrapped = textwrap.fill(note, NOTE_WIDTH, subsequent_indent="  ")
        (console.log.info if as_json else console.write_line)(wrapped)


def _default_out(folder: Path) -> Path:
    """A name with the time; that of an unfinished benchmark, if there is one."""
    unfinished = sorted(folder.glob(f"benchmark-*{SUFFIX}"))
    if unfinished:
        return unfinished[-1].with_suffix("")
    return folder / f"benchmark-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"


@contextlib.contextmanager
def _said_how_to_go_on(kept: KeptMeasurements) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if kept.folder is not None and kept.folder.is_dir():
            console.log.info(
                "interrupted: what is measured is kept in %s; the same command, with the same "
                "--out, goes on from there",
                console.display_name(kept.folder),
            )
        raise
