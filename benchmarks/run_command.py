"""``melanoma-bench run``: every variant on this machine, beside what others would run."""

import contextlib
import datetime as dt
import textwrap
from collections.abc import Iterator
from pathlib import Path

from benchmarks import run_arguments
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
    models: run_arguments.Models,
    data: run_arguments.Data,
    split: run_arguments.Split = "test",
    pictures: run_arguments.Pictures = None,
    queries: run_arguments.Queries = 200,
    min_seconds: run_arguments.MinSeconds = 0.0,
    runtime: run_arguments.Runtimes = None,
    threads: run_arguments.Threads = None,
    delegate: run_arguments.Delegates = None,
    repeat_noisy: run_arguments.RepeatNoisy = 0,
    mediapipe_python: run_arguments.MediaPipePython = None,
    tflite_python: run_arguments.TflitePython = None,
    run_folder: run_arguments.RunFolder = None,
    published: run_arguments.Published = None,
    max_pixel: run_arguments.PublishedMaxPixel = 1.0,
    host: run_arguments.Host = None,
    host_command: run_arguments.HostCommand = "melanoma-bench",
    out: run_arguments.Out = None,
    as_json: run_arguments.AsJson = False,
) -> None:
    """Compare variants: accuracy with intervals, latency, memory, size.

    Each variant assesses the pictures of the split with the device's own code, then answers
    single queries in a process of its own, in turns with the bare interpreter loop. Writes
    results.json, table.md and accuracy_latency.png. After Ctrl-C the same command goes on.
    """
    baselines = _baselines(mediapipe_python, tflite_python, run_folder, published, max_pixel)
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
        baselines=baselines,
    )
    there = None if host is None else RemoteHost(name=host, command=host_command)
    _run(models, options, out, there, as_json=as_json)


def _baselines(
    mediapipe: str | None,
    tflite: str | None,
    run_folder: Path | None,
    published: Path | None,
    max_pixel: float,
) -> BaselineOptions:
    return BaselineOptions(
        mediapipe_python=mediapipe,
        tflite_python=tflite,
        run_folder=run_folder,
        published=published,
        published_max_pixel=max_pixel,
    )


def _run(
    models: Path, options: RunOptions, out: Path | None, host: RemoteHost | None, *, as_json: bool
) -> None:
    console.require_choice("--split", options.split, SPLIT_CHOICES)
    for name in options.runtimes:
        console.require_choice("--runtime", name, RUNTIME_CHOICES)
    require_matplotlib()
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
