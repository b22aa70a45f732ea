"""``melanoma-bench edge``: what the device's software adds to decoding, resizing and inference."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.edge_peer import PeerComparison, compare_with_mediapipe
from benchmarks.edge_throughput import measure_throughput
from edge_runtime import console
from edge_runtime.classifier import LesionClassifier
from edge_runtime.sources import find_pictures
from edge_runtime.thread_choice import available_cores

_WARMUP = 3
_COMPARED = 40  # pictures of a turn


@dataclass(frozen=True, kw_only=True)
class EdgeOverhead:
    """Medians over the pictures, one interpreter with one thread.

    Attributes:
        pictures: How many were assessed.
        preprocess_ms: Reading, decoding and resizing.
        invoke_ms: Inference within an assessment.
        own_ms: The rest of an assessment: quality gate, score, decision, bookkeeping.
    """

    pictures: int
    preprocess_ms: float
    invoke_ms: float
    own_ms: float


def measure_overhead(model: Path, pictures: Sequence[Path]) -> EdgeOverhead:
    """Assess pictures one by one; all of them must be usable.

    Raises:
        MelanomaError: If the model cannot be opened or a picture cannot be used.
    """
    with LesionClassifier.open(model) as classifier:
        for _ in range(_WARMUP):
            classifier.assess(pictures[0])
        results = [classifier.assess(picture) for picture in pictures]
    return EdgeOverhead(
        pictures=len(pictures),
        preprocess_ms=statistics.median(r.preprocess_ms for r in results),
        invoke_ms=statistics.median(r.invoke_ms for r in results),
        own_ms=statistics.median(r.latency_ms - r.preprocess_ms - r.invoke_ms for r in results),
    )


def edge(
    paths: Annotated[list[Path], typer.Argument(help="Pictures and folders of pictures.")],
    model: Annotated[Path, typer.Option(help="A .tflite file made by melanoma-convert.")],
    limit: Annotated[int, typer.Option(min=1, help="Pictures at most.")] = 100,
    mediapipe_python: Annotated[
        str | None, typer.Option(help="Python of an environment with mediapipe: compare with it.")
    ] = None,
    memory_model: Annotated[
        Path | None, typer.Option(help="File to compare memory with; default: that of --model.")
    ] = None,
    turns: Annotated[int, typer.Option(min=1, help="Of the comparison.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Measure what the device's software adds to decoding, resizing and inference.

    One picture after the other, then the folder on all cores, in turns with inferences alone.
    With --mediapipe-python also how fast a new process gives its first result, how long a picture
    takes and how much memory that needs, beside MediaPipe Tasks on the same files.
    """
    pictures = find_pictures(paths, recursive=True)[:limit]
    figures: dict[str, float] = asdict(measure_overhead(model, pictures))
    figures |= asdict(measure_throughput(model, pictures, available_cores()))
    compared = None
    if mediapipe_python is not None:
        compared = compare_with_mediapipe(
            mediapipe_python, model, memory_model or model, pictures[:_COMPARED], turns
        )
    if as_json:
        beside = {} if compared is None else {"beside_mediapipe": asdict(compared)}
        console.write_line(json.dumps(figures | beside))
        return
    rows = [(name.replace("_", " "), f"{value:.4g}") for name, value in figures.items()]
    console.print_table(("figure", "value"), rows)
    if compared is not None:
        _print_compared(compared)


def _print_compared(compared: PeerComparison) -> None:
    rows = [
        (
            name.replace("_", " "),
            f"{quotient.ours:.4g}",
            f"{quotient.peer:.4g}",
            f"{quotient.ratio:.3f} [{quotient.low:.3f} to {quotient.high:.3f}]",
        )
        for name, quotient in (
            ("cold_start_s", compared.cold_start_s),
            ("picture_ms", compared.picture_ms),
            ("memory_mib", compared.memory_mib),
        )
    ]
    console.write_line()
    columns = ("figure", "ours", "MediaPipe", f"ratio, range of {compared.turns} turns")
    console.print_table(columns, rows)
