"""``melanoma-edge camera`` and ``video``: frames instead of files; no window is ever opened."""

import dataclasses
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.assessment import Assessment
from edge_runtime.burst import join_burst
from edge_runtime.cameras import open_camera, shown_source
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.default_model import default_model
from edge_runtime.errors import CameraUnavailableError, InputError
from edge_runtime.frame_lines import FrameLines
from edge_runtime.frame_source import FrameSource
from edge_runtime.line_input import LineInput
from edge_runtime.options import (
    AsCsv,
    AsJson,
    JournalFile,
    Model,
    SelfTest,
    Threads,
    require_one_format,
    shown_sink,
    stored_sink,
    thread_count,
)
from edge_runtime.sinks import JsonLines, Sink
from edge_runtime.stop_signals import stop_on_signals
from edge_runtime.thread_choice import AUTO
from edge_runtime.video_file import read_video

_POLL_S = 0.005
_PATIENCE_S = 30.0  # then a camera that gives no frame is an error


def camera(
    source: Annotated[str, typer.Argument(help="0, /dev/video0, rtsp://…, http://… or picamera.")],
    model: Model = None,
    every: Annotated[
        float, typer.Option(callback=console.finite, min=0, help="Seconds between two results.")
    ] = 2.0,
    on_key: Annotated[
        bool, typer.Option("--on-key", help="A result for each line on stdin instead.")
    ] = False,
    burst: Annotated[int, typer.Option(min=1, max=60, help="Frames of one result.")] = 5,
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0: never.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a result on stdout.")
    ] = False,
    threads: Threads = AUTO,
    self_test: SelfTest = "remembered",
    journal: JournalFile = None,
) -> None:
    """Assess what a dermatoscope's camera sees; one line a result on stdout.

    A result is the median of a burst of the newest frames. A frozen, black or lost stream is
    noticed and connected again. Ends cleanly on Ctrl-C and SIGTERM, and with 5 if no frame comes
    for 30 s.
    """
    stop, frames = stop_on_signals(), open_camera(source)
    with LesionClassifier.open(
        model or default_model(), threads=thread_count(threads), self_test=self_test
    ) as classifier:
        card = classifier.card
        shown = (JsonLines if as_json else FrameLines)(card, classifier.info)
        sink = stored_sink(shown, card, None, journal, (False, None))
        console.log.info("%s. %s", shown_source(source), NOTICE)
        frames.open()
        try:
            for number in _turns(count, every, stop, on_key=on_key):
                result = assess_burst(classifier, frames, burst, stop)
                if result is not None:
                    sink.assessed(Path(f"frame {number}"), result)
        finally:
            frames.close()
            sink.close()


def _turns(count: int, every_s: float, stop: threading.Event, *, on_key: bool) -> Iterator[int]:
    """Numbers of the results, each when its time has come; none after ``stop``."""
    lines = LineInput(sys.stdin.fileno()) if on_key else None
    number = 0
    while not stop.is_set() and (count == 0 or number < count):
        if lines is not None and not lines.wait(stop):
            return
        number += 1
        yield number
        if lines is None and number != count:
            stop.wait(every_s)


def assess_burst(
    classifier: LesionClassifier,
    frames: FrameSource,
    count: int,
    stop: threading.Event,
    patience_s: float = _PATIENCE_S,
) -> Assessment | None:
    """Assess the next frames of a camera as one; None if it was told to stop.

    Args:
        classifier: What scores them.
        frames: The camera, open.
        count: How many different frames.
        stop: Ends the wait when it is set.
        patience_s: How long to wait for a frame.

    Raises:
        CameraUnavailableError: If none comes for so long.
    """
    assessments: list[Assessment] = []
    frames.newest()  # what came before the burst was asked for is not part of it
    waiting_s = time.monotonic()
    while len(assessments) < count and not stop.is_set():
        frame = frames.newest()
        if frame is not None:
            age_ms = frame.age_ms
            assessment = classifier.assess(frame.pixels)
            assessments.append(dataclasses.replace(assessment, frame_age_ms=round(age_ms, 1)))
            waiting_s = time.monotonic()
        elif time.monotonic() - waiting_s > patience_s:
            raise CameraUnavailableError(
                f"expected a frame within {patience_s:.0f} s. Received: none, "
                f"{frames.problem or 'it only repeats itself'}. Check the cable, the address and "
                "what else uses the camera."
            )
        else:
            stop.wait(_POLL_S)
    return join_burst(assessments, classifier.card) if len(assessments) == count else None


def video(
    file: Annotated[Path, typer.Argument(readable=False, help="A video file.")],
    model: Model = None,
    every: Annotated[
        float, typer.Option(callback=console.finite, min=0, help="Seconds between two pictures.")
    ] = 1.0,
    threads: Threads = AUTO,
    self_test: SelfTest = "remembered",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    journal: JournalFile = None,
) -> None:
    """Assess pictures of a video file, so many seconds apart."""
    require_one_format(as_json=as_json, as_csv=as_csv)
    pictures = read_video(file, every)
    first = next(pictures)  # what is no video is named before the model is loaded
    failures = 0
    with LesionClassifier.open(
        model or default_model(), threads=thread_count(threads), self_test=self_test
    ) as classifier:
        shown = shown_sink(classifier.card, classifier.info, as_json=as_json, as_csv=as_csv)
        sink = stored_sink(shown, classifier.card, None, journal, (False, None))
        console.log.info("%s. %s", console.display_name(file), NOTICE)
        try:
            for time_s, pixels in itertools.chain([first], pictures):
                failures += not _assess_picture(classifier, sink, time_s, pixels)
        finally:
            sink.close()
    if failures:
        raise typer.Exit(InputError.exit_code)


def _assess_picture(
    classifier: LesionClassifier, sink: Sink, time_s: float, pixels: Pixels
) -> bool:
    """Whether a picture of a video could be used."""
    place = Path(f"{time_s:.2f} s")
    try:
        sink.assessed(place, classifier.assess(pixels))
    except InputError as error:
        sink.failed(place, error)
        return False
    return True
