"""How many pictures a second a folder gets through, beside what the bare inferences would allow."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.preprocess import Pixels, preprocess
from edge_runtime.parallel import ParallelClassifier

_TURNS = 5
_BARE_PER_TURN = 60  # inferences of each interpreter


@dataclass(frozen=True, kw_only=True)
class EdgeThroughput:
    """Medians over turns that each measure all three, as a machine's speed changes with time.

    Attributes:
        cores: Interpreters of the figures of more than one.
        bare_invoke_ms: Inference alone, one interpreter on one picture's pixels.
        bare_pictures_per_s: Inference alone, an interpreter on each core.
        pictures_per_s: Of a folder, by ``ParallelClassifier``.
        share_of_bare: That as a share of ``cores`` ÷ ``bare_invoke_ms``, which takes for granted
            that cores do not slow one another.
        share_of_bare_together: That as a share of ``bare_pictures_per_s``: what is lost to reading,
            decoding, checking and bookkeeping alone.
    """

    cores: int
    bare_invoke_ms: float
    bare_pictures_per_s: float
    pictures_per_s: float
    share_of_bare: float
    share_of_bare_together: float


def measure_throughput(model: Path, pictures: Sequence[Path], cores: int) -> EdgeThroughput:
    """Take turns at one interpreter, one on each core, and a folder; all pictures must be usable.

    Raises:
        MelanomaError: If the model cannot be opened or a picture cannot be used.
    """
    with ExitStack() as stack:
        bare = [stack.enter_context(LesionClassifier.open(model)) for _ in range(cores)]
        many = stack.enter_context(ParallelClassifier.open(model, workers=cores))
        pool = stack.enter_context(ThreadPoolExecutor(cores))
        pixels = preprocess(pictures[0], many.card.preprocessing)
        _assess_folder(many, pictures[:cores])  # warms up
        turns = [
            (
                _per_second(_BARE_PER_TURN, lambda: _infer(bare[0], pixels)),
                _per_second(
                    _BARE_PER_TURN * cores,
                    lambda: list(pool.map(lambda one: _infer(one, pixels), bare)),
                ),
                _per_second(len(pictures), lambda: _assess_folder(many, pictures)),
            )
            for _ in range(_TURNS)
        ]
    alone, together, folder = (statistics.median(column) for column in zip(*turns, strict=True))
    return EdgeThroughput(
        cores=cores,
        bare_invoke_ms=1e3 / alone,
        bare_pictures_per_s=together,
        pictures_per_s=folder,
        share_of_bare=statistics.median(row[2] / row[0] for row in turns) / cores,
        share_of_bare_together=statistics.median(row[2] / row[1] for row in turns),
    )


def _per_second(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def _infer(classifier: LesionClassifier, pixels: Pixels) -> None:
    for _ in range(_BARE_PER_TURN):
        classifier.logit(pixels)


def _assess_folder(many: ParallelClassifier, pictures: Sequence[Path]) -> None:
    for _, outcome in many.assess_many(pictures):
        if isinstance(outcome, Exception):
            raise outcome
