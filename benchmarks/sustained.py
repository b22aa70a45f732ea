"""``melanoma-bench sustained``: minutes of steady load, and what heat makes of latency."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.environment import describe_environment, load_average
from benchmarks.host_conditions import HostState, look_at_host
from benchmarks.output_folder import output_folder
from benchmarks.plot import require_matplotlib
from benchmarks.results import Environment
from benchmarks.sustained_plot import plot_sustained
from edge_runtime import console
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.schema import to_json
from edge_runtime.errors import InputError
from edge_runtime.sources import find_pictures

RESULTS_FILE, PLOT_FILE = "sustained.json", "sustained.png"
_THROTTLED_NOW = 0xF  # see host_conditions


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Some seconds of steady load.

    Attributes:
        end_s: Since the first picture.
        pictures: Assessed in it.
        p50_ms: Of a picture, end to end.
        p90_ms: The same.
        invoke_p50_ms: Of inference.
        temperature_c: At its end; None where the system does not tell.
        frequency_mhz: Of the first core, at its end.
        throttled: Whether the board throttled or ran short of voltage at its end.
    """

    end_s: float
    pictures: int
    p50_ms: float
    p90_ms: float
    invoke_p50_ms: float
    temperature_c: float | None
    frequency_mhz: float | None
    throttled: bool | None


@dataclass(frozen=True, kw_only=True)
class Sustained:
    """All of one run.

    Attributes:
        model: Name on the card.
        runtime: Package and version.
        delegate: ``cpu`` or ``edgetpu``.
        threads: Of one inference.
        environment: Where.
        intervals: In the order of time.
        slower_at_end: Median of the last fifth of the intervals' invoke p50 by that of the first
            fifth, minus 1.
        notice: What the software is not.
    """

    model: str
    runtime: str
    delegate: str
    threads: int
    environment: Environment
    intervals: tuple[Interval, ...]
    slower_at_end: float
    notice: str


def run_sustained(
    classifier: LesionClassifier,
    pictures: Sequence[Path],
    *,
    seconds: float,
    every_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Sustained:
    """Assess pictures without pause.

    Args:
        classifier: Open.
        pictures: At least one, all of which can be scored; cycled over.
        seconds: How long.
        every_s: Length of an interval.
        clock: Seconds of a clock that never goes back.

    Raises:
        InputError: If a picture cannot be used.
    """
    load_before = load_average()
    count = max(1, round(seconds / every_s))
    intervals = tuple(
        console.progress(
            _intervals(classifier, pictures, count, every_s, clock), count, "steady load, intervals"
        )
    )
    fifth = max(1, len(intervals) // 5)
    first, last = (
        np.median([one.invoke_p50_ms for one in part])
        for part in (intervals[:fifth], intervals[-fifth:])
    )
    info = classifier.info
    return Sustained(
        model=classifier.card.name,
        runtime=info.runtime,
        delegate=info.delegate,
        threads=info.threads,
        environment=describe_environment(load_before),
        intervals=intervals,
        slower_at_end=float(last / first - 1),
        notice=NOTICE,
    )


def _intervals(
    classifier: LesionClassifier,
    pictures: Sequence[Path],
    count: int,
    every_s: float,
    clock: Callable[[], float],
) -> Iterator[Interval]:
    queries, start = cycle(pictures), clock()
    for number in range(1, count + 1):
        found = [classifier.assess(next(queries))]
        while clock() - start < number * every_s:
            found.append(classifier.assess(next(queries)))
        whole = [one.latency_ms for one in found]
        p50, p90 = np.percentile(whole, (50, 90), method="inverted_cdf")
        invoke = np.percentile([one.invoke_ms for one in found], 50, method="inverted_cdf")
        state = look_at_host()
        yield Interval(
            end_s=clock() - start,
            pictures=len(found),
            p50_ms=float(p50),
            p90_ms=float(p90),
            invoke_p50_ms=float(invoke),
            temperature_c=state.temperature_c,
            frequency_mhz=state.frequency_mhz,
            throttled=_is_throttled(state),
        )


def _is_throttled(state: HostState) -> bool | None:
    return None if state.throttled is None else bool(state.throttled & _THROTTLED_NOW)


def sustained(
    paths: Annotated[list[Path], typer.Argument(help="Pictures and folders of pictures.")],
    model: Annotated[Path, typer.Option(help="A .tflite file made by melanoma-convert.")],
    out: Annotated[Path, typer.Option(help="New folder.")],
    minutes: Annotated[
        float, typer.Option(callback=console.finite, min=0.01, help="How long.")
    ] = 10.0,
    every_seconds: Annotated[
        float, typer.Option(callback=console.finite, min=0.1, help="Length of an interval.")
    ] = 5.0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Of one inference.")] = 1,
    limit: Annotated[int, typer.Option(min=1, help="Pictures at most.")] = 200,
) -> None:
    """Keep a model busy for minutes: latency, temperature, clock and throttling over time.

    Writes sustained.json and sustained.png. What the system does not tell stays empty.
    """
    require_matplotlib()
    with LesionClassifier.open(model, threads=threads) as classifier:
        pictures = _scorable(classifier, find_pictures(paths, recursive=True)[:limit])
        with output_folder(out) as folder:
            result = run_sustained(
                classifier, pictures, seconds=minutes * 60, every_s=every_seconds
            )
            text = json.dumps(to_json(result), indent=2, allow_nan=False) + "\n"
            (folder / RESULTS_FILE).write_text(text, encoding="utf-8")
            plot_sustained(result, folder / PLOT_FILE)
    _show(result)
    console.log.info("written to %s", console.display_name(out))


def _scorable(classifier: LesionClassifier, pictures: Sequence[Path]) -> list[Path]:
    """Pictures that are neither unreadable nor RETAKE."""
    usable = []
    for picture in pictures:
        try:
            if classifier.assess(picture).score is not None:
                usable.append(picture)
        except InputError as error:
            console.log.warning("left out: %s: %s", console.display_name(picture), error)
    if not usable:
        raise InputError(
            f"expected pictures that can be scored. Received: {len(pictures)}, none of which can. "
            "Name a folder of lesion pictures."
        )
    return usable


def _show(result: Sustained) -> None:
    first, last = result.intervals[0], result.intervals[-1]
    rows = [
        ("minutes", f"{last.end_s / 60:.1f}"),
        ("pictures", str(sum(one.pictures for one in result.intervals))),
        (
            "invoke p50, first and last interval",
            f"{first.invoke_p50_ms:.1f}, {last.invoke_p50_ms:.1f} ms",
        ),
        ("slower at the end by", f"{result.slower_at_end:+.1%}"),
        (
            "highest temperature",
            _extreme(max, [one.temperature_c for one in result.intervals], "°C"),
        ),
        ("lowest clock", _extreme(min, [one.frequency_mhz for one in result.intervals], "MHz")),
        ("intervals that were throttled", _throttled(result.intervals)),
    ]
    console.print_table(("figure", "value"), rows)
    console.write_line(result.notice)


def _extreme(of: Callable[[list[float]], float], values: Sequence[float | None], unit: str) -> str:
    known = [value for value in values if value is not None]
    return f"{of(known):.0f} {unit}" if known else "not told by this system"


def _throttled(intervals: Sequence[Interval]) -> str:
    known = [one.throttled for one in intervals if one.throttled is not None]
    return str(sum(known)) if known else "not told by this system"
