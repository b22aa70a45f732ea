"""``melanoma-bench camera``: how old a frame is when its result is there, and if memory grows."""

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.numbered_stream import NumberedStream, frame_number
from edge_runtime import console
from edge_runtime.cameras import open_camera
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import CameraUnavailableError, InputError
from edge_runtime.frame_source import FrameSource
from edge_runtime.live_source import MAX_AGE_S

_SIZE_HW = (480, 640)
_POLL_S = 0.001
_PATIENCE_S = 20.0
_MIB = 1024 * 1024
_CUT_S, _SERVER_ENDS_S = 0.5, 0.5
_TIMES = ("latency_ms", "taken_age_ms", "result_age_ms")
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, kw_only=True)
class StreamFigures:
    """What a stream of known frames shows about the reader and the classifier together.

    Attributes:
        seconds: Time of the measurement.
        frames_per_s: Of the stream.
        assessed: Frames that got a result.
        invoke_ms: Median of the inference alone.
        latency_p90_ms: Time from decoded frame to result, for 9 of 10.
        taken_age_p90_ms: Time from sending a frame to taking it, true for 9 of 10.
        result_age_p90_ms: Time from sending a frame to its result, true for 9 of 10.
        result_age_max_ms: The longest of these.
        understated_max_ms: By how much the age that the source gives was too small at most: what
            lay between sending and reading.
        memory_start_mib: Resident memory when a fifth of the time had passed.
        memory_end_mib: Resident memory at the end.
        cuts: How often the stream was cut.
        restored: After how many of these frames were taken again.
        longest_return_s: The longest time from restoring the stream to the next frame; 0 without
            cuts.
        stale: Frames that were taken though they had been sent longer ago than any may be kept.
        threads_left: Threads that were there after the measurement and not before it.
        keeps_up: Whether ``result_age_p90_ms`` is at most a frame interval and ``latency_p90_ms``:
            no frame waited for longer than it took the next to come.
    """

    seconds: float
    frames_per_s: float
    assessed: int
    invoke_ms: float
    latency_p90_ms: float
    taken_age_p90_ms: float
    result_age_p90_ms: float
    result_age_max_ms: float
    understated_max_ms: float
    memory_start_mib: float
    memory_end_mib: float
    cuts: int
    restored: int
    longest_return_s: float
    stale: int
    threads_left: int
    keeps_up: bool


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """One frame: when, times in ms since it was sent, and those of its assessment."""

    at_s: float
    taken_age_ms: float
    result_age_ms: float
    understated_ms: float
    latency_ms: float
    invoke_ms: float
    memory_mib: float


def measure_stream(
    model: Path, picture: Path, seconds: float, frames_per_s: float, cuts: int = 0
) -> StreamFigures:
    """Assess the newest frame of a loopback stream again and again.

    Args:
        model: A ``.tflite`` file with a card.
        picture: What the frames show; fit to be scored.
        seconds: Time of the measurement.
        frames_per_s: Of the stream.
        cuts: How often the stream is cut for half a second, evenly spread.

    Raises:
        MelanomaError: If the model cannot be opened, OpenCV is absent, or no frame comes or is
            fit to be scored.
    """
    stream = NumberedStream(preprocess(picture, Preprocessing(size_hw=_SIZE_HW)), frames_per_s)
    threads = threading.active_count()
    with LesionClassifier.open(model) as classifier, stream.serve() as address:
        source = open_camera(address)
        source.open()
        try:
            with _cut(stream, cuts, seconds):
                taken = _take(classifier, source, stream.sent_s, seconds)
        finally:
            source.close()
    # The server's own threads end with their connections.
    time.sleep(_SERVER_ENDS_S)
    left = threading.active_count() - threads
    return _figures(taken, stream.restored_s, seconds, frames_per_s, left)


@contextmanager
def _cut(stream: NumberedStream, cuts: int, seconds: float) -> Iterator[None]:
    """Cut and restore the stream while the block runs."""
    over = threading.Event()

    def run() -> None:
        for _ in range(cuts):
            if over.wait(seconds / (cuts + 1) - _CUT_S):
                return
            stream.cut()
            over.wait(_CUT_S)
            stream.restore()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _take(
    classifier: LesionClassifier, source: FrameSource, sent_s: Sequence[float], seconds: float
) -> list[_Taken]:
    taken: list[_Taken] = []
    end_s, waiting_s = time.monotonic() + seconds, time.monotonic()
    while (now_s := time.monotonic()) < end_s:
        frame = source.newest()
        if frame is not None:
            waiting_s, given_ms = now_s, frame.age_ms
            age_ms = (time.monotonic() - sent_s[frame_number(frame.pixels)]) * 1e3
            result = classifier.assess(frame.pixels)
            if result.logit is None:
                raise InputError(
                    "expected a picture that is fit to be scored. Received: "
                    f"{'; '.join(result.reasons)}. Name another one."
                )
            taken.append(
                _Taken(
                    at_s=now_s,
                    taken_age_ms=age_ms,
                    result_age_ms=age_ms + result.latency_ms,
                    understated_ms=age_ms - given_ms,
                    latency_ms=result.latency_ms,
                    invoke_ms=result.invoke_ms,
                    memory_mib=_resident_mib(),
                )
            )
        elif now_s - waiting_s > _PATIENCE_S:
            raise CameraUnavailableError(
                f"expected frames of a loopback stream. Received: {source.problem}."
            )
        else:
            time.sleep(_POLL_S)
    return taken


def _figures(
    taken: Sequence[_Taken],
    restored_s: Sequence[float],
    seconds: float,
    frames_per_s: float,
    threads_left: int,
) -> StreamFigures:
    if not taken:
        raise CameraUnavailableError(
            f"expected frames within the measurement. Received: none in {seconds:g} s. "
            "Measure for longer."
        )

    def column(name: str) -> list[float]:
        return [getattr(one, name) for one in taken]

    returns_s = _returns_s(column("at_s"), restored_s)
    p90 = {name: float(np.percentile(column(name), 90)) for name in _TIMES}
    return StreamFigures(
        seconds=seconds,
        frames_per_s=frames_per_s,
        assessed=len(taken),
        invoke_ms=float(np.median(column("invoke_ms"))),
        latency_p90_ms=p90["latency_ms"],
        taken_age_p90_ms=p90["taken_age_ms"],
        result_age_p90_ms=p90["result_age_ms"],
        result_age_max_ms=max(column("result_age_ms")),
        understated_max_ms=max(column("understated_ms")),
        memory_start_mib=column("memory_mib")[len(taken) // 5],
        memory_end_mib=column("memory_mib")[-1],
        cuts=len(restored_s),
        restored=len(returns_s),
        longest_return_s=max(returns_s, default=0.0),
        stale=sum(age_ms > MAX_AGE_S * 1e3 for age_ms in column("taken_age_ms")),
        threads_left=threads_left,
        keeps_up=p90["result_age_ms"] <= 1e3 / frames_per_s + p90["latency_ms"],
    )


def _returns_s(taken_s: Sequence[float], restored_s: Sequence[float]) -> list[float]:
    """How long after each restoration the next frame was taken, where one was."""
    waits_s = (
        min((at_s - whole_s for at_s in taken_s if at_s > whole_s), default=None)
        for whole_s in restored_s
    )
    return [wait_s for wait_s in waits_s if wait_s is not None]


def _resident_mib() -> float:
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB


def camera(
    picture: Annotated[Path, typer.Argument(help="What the frames show, a dermatoscopic picture.")],
    model: Annotated[Path, typer.Option(help="A .tflite file made by melanoma-convert.")],
    seconds: Annotated[
        float, typer.Option(callback=console.finite, min=1, help="Time of the measurement.")
    ] = 30.0,
    frames_per_s: Annotated[
        float, typer.Option(callback=console.finite, min=1, max=204, help="Frames of the stream.")
    ] = 30.0,
    cuts: Annotated[
        int, typer.Option(min=0, help="How often the stream is cut for half a second.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Measure how old frames of a loopback MJPEG stream are when their results are there.

    An hour of a camera with 30 frames a second in nine minutes, cut ten times:
    --frames-per-s 200 --seconds 540 --cuts 10
    """
    figures = measure_stream(model, picture, seconds, frames_per_s, cuts)
    if as_json:
        console.write_line(json.dumps(asdict(figures)))
        return
    rows = [
        (name.replace("_", " "), str(value) if isinstance(value, bool) else f"{value:.4g}")
        for name, value in asdict(figures).items()
    ]
    console.print_table(("figure", "value"), rows)
