"""Other software on the same pictures in the same run: what a reader would compare with."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import baseline_process
from benchmarks.accuracy import Judged, Outcome
from benchmarks.child_process import ask
from benchmarks.latency import bounds, distribution, median, memory_of, pooled, slice_of_round
from benchmarks.matrix import Row
from benchmarks.results import Accuracy, BaselineResult, Settings
from benchmarks.row_results import Conditions
from benchmarks.turns import Job, p50_ms
from edge_runtime.assessment import Decision
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.contract.schema import from_json
from edge_runtime.delegates import require_edgetpu_library, split_delegate

BARE, TFLITE_RUNTIME, MEDIAPIPE, KERAS, PUBLISHED = (
    "bare",
    "tflite-runtime",
    "mediapipe",
    "keras",
    "published",
)
_BLOG_THRESHOLD = 0.5  # the larger of two shares


@dataclass(frozen=True, kw_only=True)
class BaselineMeasurement:
    """One round of a baseline, see ``baseline_process``."""

    software: str
    load_ms: float
    first_ms: float
    invoke_ms: tuple[float, ...]
    end_to_end_ms: tuple[float, ...]
    outputs: tuple[float, ...]
    steady_mib: float | None
    peak_mib: float | None


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Other software with a file that it runs.

    Attributes:
        name: See ``BaselineResult.name``.
        variant: Whose file it is; None for a file of its own.
        engine: One of ``baseline_process``.
        python: Interpreter of the environment that holds it.
        model: The file.
        size_hw: Of the pixels that it takes.
        scale: What the pixels 0 to 255 are multiplied by.
        threads: Of one inference; None where the software chooses.
        delegate: ``cpu``, ``edgetpu`` or one of its devices.
    """

    name: str
    variant: str | None
    engine: str
    python: str
    model: Path
    size_hw: tuple[int, int]
    scale: float = 1.0
    threads: int | None = None
    delegate: str = "cpu"

    @property
    def label(self) -> str:
        """Different from that of any other baseline and row."""
        threads = "" if self.threads is None else f", {self.threads} threads"
        return f"{self.name}: {self.variant or self.model.name}, {self.engine}{threads}"


@dataclass(frozen=True, kw_only=True)
class PixelFile:
    """Pixels of the scored pictures in the order of the queries, uint8 (n, H, W, 3).

    Attributes:
        path: A ``.npy`` file.
        pictures: The files that they come from.
        digest: Of content and order.
    """

    path: Path
    pictures: tuple[Path, ...]
    digest: str


@dataclass(frozen=True, kw_only=True)
class FixedThreshold:
    """An operating point that nobody chose."""

    threshold: float


def bare_of(row: Row, size_hw: tuple[int, int]) -> Baseline:
    """The bare interpreter loop of a row."""
    return Baseline(
        name=BARE,
        variant=row.variant,
        engine=row.runtime,
        python=sys.executable,
        model=row.path,
        size_hw=size_hw,
        threads=row.threads,
        delegate=row.delegate,
    )


def published(model: Path, max_pixel: float) -> Baseline:
    """The baseline as published, in ai-edge-litert.

    Args:
        model: Its ``.tflite`` file, which gives two shares or the positive one alone.
        max_pixel: The value that it takes for white.

    Raises:
        ConversionError: If the file is no TFLite model.
    """
    from converter.flatbuffer import read_flatbuffer

    _, height, width, _ = read_flatbuffer(model.read_bytes()).inputs[0].shape
    return Baseline(
        name=PUBLISHED,
        variant=None,
        engine="ai-edge-litert",
        python=sys.executable,
        model=model,
        size_hw=(height, width),
        scale=max_pixel / 255,
        threads=1,
    )


def baseline_job(baseline: Baseline, pixels: PixelFile, settings: Settings) -> Job:
    """The rounds of a baseline."""

    def measure(number: int) -> BaselineMeasurement:
        first, count = slice_of_round(settings, number)
        return measure_baseline(
            baseline, pixels, (first, count), settings.warmup, settings.min_s / settings.rounds
        )

    return Job(
        name=baseline.label,
        key={**_key(baseline, pixels), "queries": settings.queries, "rounds": settings.rounds},
        result=BaselineMeasurement,
        measure=measure,
        optional=baseline.name != BARE,
    )


def scoring_job(baseline: Baseline, pixels: PixelFile) -> Job:
    """One round with each picture once, for its outputs."""
    return Job(
        name=f"outputs of {baseline.label}",
        key=_key(baseline, pixels),
        result=BaselineMeasurement,
        measure=lambda _: measure_baseline(
            baseline, pixels, (0, len(pixels.pictures)), 1, 0.0, files=False
        ),
        optional=True,
    )


def _key(baseline: Baseline, pixels: PixelFile) -> dict[str, object]:
    content = hashlib.sha256(baseline.model.read_bytes()).hexdigest()
    return {"file": content, "pixels": pixels.digest, "python": baseline.python}


def measure_baseline(
    baseline: Baseline,
    pixels: PixelFile,
    span: tuple[int, int],
    warmup: int,
    min_s: float,
    *,
    files: bool = True,
) -> BaselineMeasurement:
    """One round in a process of its own.

    Args:
        baseline: What is measured.
        pixels: What it is asked.
        span: The first query and how many, at least.
        warmup: Queries before those that count, at least 1.
        min_s: Seconds to go on for at least.
        files: Whether picture files are timed too, where the software reads them itself.

    Raises:
        DeviceError: If the process fails.
    """
    delegate, device = split_delegate(baseline.delegate)
    request = {
        "engine": baseline.engine,
        "model": str(baseline.model),
        "pixels": str(pixels.path),
        "files": [str(picture) for picture in pixels.pictures] if files else [],
        "scale": baseline.scale,
        "threads": baseline.threads,
        "delegate_library": require_edgetpu_library() if delegate == "edgetpu" else None,
        "delegate_device": device,
        "warmup": warmup,
        "first": span[0],
        "queries": span[1],
        "min_s": min_s,
    }
    # -I: the other environment's own packages, and nothing of ours.
    command = [baseline.python, "-I", str(Path(baseline_process.__file__))]
    answer = ask(command, request, f"{baseline.label} ({baseline.model.name!r})")
    return from_json(BaselineMeasurement, answer, "measurement")


def judge_outputs(
    baseline: Baseline,
    outputs: Sequence[float],
    places: Sequence[int],
    like: Judged,
    card: ModelCard,
) -> Judged:
    """What the outputs of a baseline decide.

    Args:
        baseline: Whose outputs they are.
        outputs: Of each scored picture, in the order of the queries.
        places: Of these pictures, among all pictures of the benchmark.
        like: Whose outcomes stand for pictures without an output, and whose threshold holds.
        card: Of the variant; its temperature applies to logits.
    """
    point = FixedThreshold(threshold=_BLOG_THRESHOLD) if baseline.name == PUBLISHED else like.point
    outcomes = list(like.outcomes)
    for place, output in zip(places, outputs, strict=True):
        is_score = baseline.name in (PUBLISHED, MEDIAPIPE)
        score = output if is_score else score_from_logit(output, card.temperature)
        outcomes[place] = Outcome(
            decision=Decision.REFER if score >= point.threshold else Decision.NO_REFERRAL,
            score=score,
            logit=None if is_score else output,
        )
    return Judged(outcomes=tuple(outcomes), point=point)


def summarise_baseline(
    baseline: Baseline,
    rounds: Sequence[BaselineMeasurement],
    conditions: Conditions,
    accuracy: Accuracy | None,
) -> BaselineResult:
    """All rounds of a baseline as one."""
    invoke: npt.NDArray[np.float64] = pooled([measured.invoke_ms for measured in rounds])
    end_to_end = pooled([measured.end_to_end_ms for measured in rounds])
    return BaselineResult(
        name=baseline.name,
        variant=baseline.variant,
        software=rounds[0].software,
        delegate=split_delegate(baseline.delegate)[0],
        threads=baseline.threads,
        size_bytes=baseline.model.stat().st_size,
        invoke=distribution(invoke),
        end_to_end=distribution(end_to_end) if end_to_end.size else None,
        round_invoke_p50_ms=tuple(p50_ms(measured) for measured in rounds),
        queries=len(invoke),
        load_ms=median([measured.load_ms for measured in rounds]),
        first_ms=median([measured.first_ms for measured in rounds]),
        memory=memory_of(
            [measured.steady_mib for measured in rounds],
            [measured.peak_mib for measured in rounds],
        ),
        accuracy=accuracy,
        conditions=conditions,
        invoke_bounds=bounds(invoke),
    )
