"""Runs in a process of its own: one round of queries to one variant, and nothing else.

The request is JSON on stdin, the measurement is the last line on stdout. Nothing is imported but
what the device needs, so that the memory of this process is that of the device's software.
"""

import json
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.energy import find_meter, metered
from benchmarks.single_stream import ask_in_turn
from edge_runtime.classifier import LesionClassifier, OpeningTimes
from edge_runtime.contract.preprocess import Preprocessing, preprocess_frame
from edge_runtime.contract.schema import from_json, to_json


@dataclass(frozen=True, kw_only=True)
class MeasureRequest:
    """What to measure.

    Attributes:
        model: Path of a sealed model file.
        runtime: ``auto`` or a package.
        threads: Threads of one inference.
        warmup: Queries before those that count, at least 1.
        pictures: Paths, a query each; all of them can be scored.
        delegate: None takes what the card requires.
        min_s: Seconds to go on for at least, with the first picture again after the last.
    """

    model: str
    runtime: str
    threads: int
    warmup: int
    pictures: tuple[str, ...]
    delegate: str | None
    min_s: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One round.

    Attributes:
        opening: What it took until the first picture.
        first_ms: The first picture, end to end.
        preprocess_ms: Of each query.
        invoke_ms: Of each query.
        end_to_end_ms: Of each query, from the picture file to the decision.
        steady_mib: Resident memory after the queries; None where the system hides it.
        peak_mib: Its highest value since the process began.
        resize_ms: Of each query's picture, once more from its decoded pixels.
        energy_meter: What told the energy; None where there is no meter.
        picture_j: Energy of a query, of all that the meter covers; None where it is not known.
    """

    opening: OpeningTimes
    first_ms: float
    preprocess_ms: tuple[float, ...]
    invoke_ms: tuple[float, ...]
    end_to_end_ms: tuple[float, ...]
    steady_mib: float | None
    peak_mib: float | None
    resize_ms: tuple[float, ...] = ()
    energy_meter: str | None = None
    picture_j: float | None = None


def measure(request: MeasureRequest) -> Measurement:
    """One round of queries, one after the other."""
    pictures = [Path(picture) for picture in request.pictures]
    with LesionClassifier.open(
        Path(request.model),
        runtime=request.runtime,
        delegate=request.delegate,
        threads=request.threads,
    ) as classifier:
        warmup = [classifier.assess(pictures[0]) for _ in range(request.warmup)]
        with metered(find_meter()) as energy:
            queries = ask_in_turn(
                classifier.assess, pictures, count=len(pictures), min_s=request.min_s
            )
        steady_mib, peak_mib = _memory_mib("VmRSS"), _memory_mib("VmHWM")
        spec = classifier.card.preprocessing
        return Measurement(
            opening=classifier.opening,
            first_ms=warmup[0].latency_ms,
            preprocess_ms=tuple(query.preprocess_ms for query in queries),
            invoke_ms=tuple(query.invoke_ms for query in queries),
            end_to_end_ms=tuple(query.latency_ms for query in queries),
            steady_mib=steady_mib,
            peak_mib=peak_mib,
            resize_ms=tuple(_resize_ms(picture, spec) for picture in pictures),
            energy_meter=energy.meter,
            picture_j=None if energy.joules is None else energy.joules / len(queries),
        )


def _resize_ms(picture: Path, spec: Preprocessing) -> float:
    with Image.open(picture) as image:
        frame = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    start = time.perf_counter()
    preprocess_frame(frame, spec)
    return (time.perf_counter() - start) * 1e3


def _memory_mib(field: str) -> float | None:
    """A field of Linux's process status, which unlike ``getrusage`` starts anew with each program.

    See proc_pid_status(5) and, for what ``ru_maxrss`` inherits, getrusage(2).
    """
    if platform.system() != "Linux":
        return None
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return None


def main() -> None:
    """Answer the request on stdin."""
    request = from_json(MeasureRequest, json.load(sys.stdin), "request")
    sys.stdout.write(json.dumps(to_json(measure(request))) + "\n")


if __name__ == "__main__":
    main()
