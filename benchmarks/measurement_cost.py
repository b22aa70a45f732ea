"""``melanoma-bench overhead``: what measuring costs, as a share of what it measures."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.single_stream import ask_in_turn
from edge_runtime import console
from edge_runtime.assessment import Assessment
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.schema import to_json
from edge_runtime.errors import InputError
from edge_runtime.sources import find_pictures

_WARMUP = 3
_EMPTY_QUERIES = 20_000
_CLOCK_READINGS = 6  # of an assessment, see LesionClassifier
LIMIT = 0.01


@dataclass(frozen=True, kw_only=True)
class MeasurementCost:
    """The measuring loop against a loop without it.

    Attributes:
        pictures: How many each loop answered.
        measured_ms: Median of a picture in the loop that measures.
        plain_ms: Median of a picture in the loop that does the same work: no clock within it, no
            record kept, no decision written down.
        ratio: Median over the pictures of the first by the second, picture by picture in turns;
            on a busy machine its noise is larger than what is looked for.
        empty_us: What the loop costs for a query that does nothing.
        share: ``empty_us`` as a share of ``plain_ms``: the cost free of noise.
    """

    pictures: int
    measured_ms: float
    plain_ms: float
    ratio: float
    empty_us: float
    share: float


def measure_cost(model: Path, pictures: Sequence[Path]) -> MeasurementCost:
    """Answer each picture with and without measuring, one after the other, in turns.

    Args:
        model: A sealed model file.
        pictures: At least one, all of which can be scored.

    Raises:
        MelanomaError: If the model cannot be opened or a picture cannot be used.
    """
    with LesionClassifier.open(model) as classifier:

        def plain(picture: Path) -> None:
            classifier.logit(classifier.prepare(picture).pixels)

        def measured(picture: Path) -> list[Assessment]:
            return ask_in_turn(classifier.assess, [picture], count=1, min_s=0.0)

        for _ in range(_WARMUP):
            plain(pictures[0])
            measured(pictures[0])
        pairs = []
        for number, picture in enumerate(pictures):
            first, second = (plain, measured) if number % 2 else (measured, plain)
            times = {first: _seconds(first, picture), second: _seconds(second, picture)}
            pairs.append((times[measured], times[plain]))
    plain_s = statistics.median(pair[1] for pair in pairs)
    empty_s = _empty_query_s()
    return MeasurementCost(
        pictures=len(pairs),
        measured_ms=statistics.median(pair[0] for pair in pairs) * 1e3,
        plain_ms=plain_s * 1e3,
        ratio=statistics.median(with_it / without for with_it, without in pairs),
        empty_us=empty_s * 1e6,
        share=empty_s / plain_s,
    )


def _seconds(work: Callable[[Path], object], picture: Path) -> float:
    start = time.perf_counter()
    work(picture)
    return time.perf_counter() - start


def _empty_query_s() -> float:
    """Time of a query that only looks at the clock as often as an assessment does."""

    def nothing(_: int) -> tuple[float, ...]:
        return tuple(time.perf_counter() for _ in range(_CLOCK_READINGS))

    start = time.perf_counter()
    ask_in_turn(nothing, (0,), count=_EMPTY_QUERIES, min_s=0.0)
    return (time.perf_counter() - start) / _EMPTY_QUERIES


def overhead(
    paths: Annotated[list[Path], typer.Argument(help="Pictures and folders of pictures.")],
    model: Annotated[Path, typer.Option(help="A .tflite file made by melanoma-convert.")],
    limit: Annotated[int, typer.Option(min=1, help="Pictures at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show that measuring costs under 1 % of what it measures, against a loop without it."""
    pictures = find_pictures(paths, recursive=True)[:limit]
    if not pictures:
        raise InputError("expected pictures. Received: none. Name a folder that holds some.")
    cost = measure_cost(model, pictures)
    if as_json:
        console.write_line(json.dumps(to_json(cost)))
        return
    console.print_table(
        ("figure", "value"),
        [
            ("pictures", str(cost.pictures)),
            ("a picture, measured", f"{cost.measured_ms:.2f} ms"),
            ("a picture, not measured", f"{cost.plain_ms:.2f} ms"),
            ("ratio, picture by picture", f"{cost.ratio:.4f}"),
            ("the loop around nothing", f"{cost.empty_us:.2f} µs"),
            ("of a picture", f"{cost.share:.5%}, {_judged(cost.share)} {LIMIT:.0%}"),
        ],
    )


def _judged(share: float) -> str:
    return "below" if share < LIMIT else "not below"
