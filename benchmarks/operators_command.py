"""``melanoma-bench operators``: where the time of an inference goes."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.environment import describe_environment, load_average
from benchmarks.operator_results import (
    OPERATORS_FILE,
    SCHEMA_VERSION,
    OperatorResults,
    dump_operators,
)
from benchmarks.operator_time import BlockTime, OperatorTimes, measure_operators
from benchmarks.output_folder import output_folder
from benchmarks.plot import require_matplotlib
from benchmarks.plot_operator_time import plot_operator_time
from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.interpreter import choose_runtime

PLOT_FILE = "operators.png"
_COLUMNS = ("block", "operators", "MMAC", "ms", "range of the rounds", "share", "GMAC/s")


def operators(
    models: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help=".tflite files.")
    ],
    out: Annotated[Path, typer.Option(help="New folder.")],
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of one inference.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Times that each block is measured.")] = 5,
    queries: Annotated[int, typer.Option(min=1, help="Inferences of each, each time.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="The results as JSON on stdout, not as tables.")
    ] = False,
) -> None:
    """Show how long each operator or module of a file takes on this processor.

    No runtime tells Python that. The file is ended after each block and what one block more takes
    is the block's time.
    """
    require_matplotlib()
    software, load_before = choose_runtime("ai-edge-litert").label, load_average()
    with output_folder(out) as folder:
        files = tuple(
            measure_operators(model, threads=threads, rounds=rounds, queries=queries)
            for model in models
        )
        results = OperatorResults(
            schema_version=SCHEMA_VERSION,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            notice=NOTICE,
            software=software,
            threads=threads,
            rounds=rounds,
            queries=queries,
            environment=describe_environment(load_before),
            files=files,
        )
        (folder / OPERATORS_FILE).write_text(dump_operators(results), encoding="utf-8")
        plot_operator_time(results, folder / PLOT_FILE)
    if as_json:
        console.write_line(dump_operators(results).rstrip())
    else:
        for times in files:
            _show(times, software, threads)
    console.log.info("written to %s", console.display_name(out))
    console.log.info(NOTICE)


def _show(times: OperatorTimes, software: str, threads: int) -> None:
    console.write_line(
        f"{times.file}: {times.whole_ms:.2f} ms in all, {software}, threads: {threads}"
    )
    console.print_table(_COLUMNS, [_row(block, times.whole_ms) for block in times.blocks])
    console.write_line()


def _row(block: BlockTime, whole_ms: float) -> tuple[str, ...]:
    known = block.macs > 0 and block.ms > 0
    return (
        block.name,
        block.operators,
        f"{block.macs / 1e6:.1f}" if block.macs else "",
        _rounded(block.ms, 2),
        f"{_rounded(block.low_ms, 2)} to {_rounded(block.high_ms, 2)}",
        f"{_rounded(100 * block.ms / whole_ms, 1)} %",
        f"{block.macs / block.ms / 1e6:.1f}" if known else "",
    )


def _rounded(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}"  # the sum turns -0.0 into 0.0
