"""The device's software beside MediaPipe Tasks on the same files: start, memory, time a picture.

Both take turns, each time in a new process. What is compared are the quotients of a turn.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import cold_start_peer
from benchmarks.baselines import MEDIAPIPE, Baseline, PixelFile, measure_baseline
from benchmarks.child_process import ask_module
from benchmarks.measure import Measurement, MeasureRequest
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.preprocess import preprocess
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import DeviceError
from edge_runtime.thread_choice import available_cores

_WARMUP = 3


@dataclass(frozen=True, kw_only=True)
class Quotient:
    """Ours and the peer's, and ours by the peer's.

    Attributes:
        ours: Median.
        peer: Median.
        ratio: Median of the turns' quotients; below 1 ours is less.
        low, high: Smallest and largest quotient of a turn.
    """

    ours: float
    peer: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PeerComparison:
    """What a turn compares.

    Attributes:
        turns: How many.
        cold_start_s: From the start of a process to its first result; our self-test remembered.
        picture_ms: From picture file to result.
        memory_mib: Resident after these pictures, by the file for it.
    """

    turns: int
    cold_start_s: Quotient
    picture_ms: Quotient
    memory_mib: Quotient


def compare_with_mediapipe(
    python: str, model: Path, for_memory: Path, pictures: Sequence[Path], turns: int
) -> PeerComparison:
    """Take turns with MediaPipe's ImageClassifier.

    Args:
        python: Interpreter of an environment with ``mediapipe``.
        model: For start and time a picture.
        for_memory: For memory.
        pictures: Usable ones; the first is that of the cold starts.
        turns: How often, at least 1.

    Raises:
        DeviceError: If a process fails.
    """
    ours = [sys.executable, "-m", "edge_runtime", "image", str(pictures[0]), "--json"]
    ours += ["--model", str(model)]
    peer = [python, "-I", cold_start_peer.__file__, str(model), str(pictures[0])]
    with tempfile.TemporaryDirectory() as folder:
        timed = _ask_peer(python, model, pictures, Path(folder))
        weighed = _ask_peer(python, for_memory, pictures, Path(folder))
        return PeerComparison(
            turns=turns,
            cold_start_s=_take_turns(turns, lambda: _start_s(ours), lambda: _start_s(peer)),
            picture_ms=_take_turns(
                turns,
                lambda: statistics.median(_ask_ours(model, pictures).end_to_end_ms),
                lambda: timed()[0],
            ),
            memory_mib=_take_turns(
                turns,
                lambda: _ask_ours(for_memory, pictures).steady_mib or 0.0,
                lambda: weighed()[1],
            ),
        )


def _take_turns(turns: int, ours: Callable[[], float], peer: Callable[[], float]) -> Quotient:
    ours(), peer()  # bytecode, file cache, and what our software remembers of this host
    pairs = [(ours(), peer()) for _ in range(turns)]
    ratios = [mine / theirs for mine, theirs in pairs]
    return Quotient(
        ours=statistics.median(mine for mine, _ in pairs),
        peer=statistics.median(theirs for _, theirs in pairs),
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
    )


def _start_s(command: Sequence[str]) -> float:
    """Seconds to the first line of a command's output."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    start = time.perf_counter()
    with subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        line = next(iter(process.stdout or ()), b"")
        seconds = time.perf_counter() - start
        _, said = process.communicate()
    if not line or process.returncode != 0:
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise DeviceError(
            f"expected a result of {command[0]!r}. Received: status {process.returncode}: "
            f"{last[0] if last else 'no message'}. Try the command by itself."
        )
    return seconds


def _ask_ours(model: Path, pictures: Sequence[Path]) -> Measurement:
    request = MeasureRequest(
        model=str(model),
        runtime="auto",
        threads=available_cores(),
        warmup=_WARMUP,
        pictures=tuple(map(str, pictures)),
        delegate=None,
        min_s=0.0,
    )
    answer = ask_module("benchmarks.measure", to_json(request), "the device's software")
    return from_json(Measurement, answer, "measurement")


def _ask_peer(
    python: str, model: Path, pictures: Sequence[Path], folder: Path
) -> Callable[[], tuple[float, float]]:
    """Asks for milliseconds a picture file and resident MiB."""
    spec = open_sealed(model).card.preprocessing
    stored = folder / f"{model.name}.npy"
    np.save(stored, np.stack([preprocess(picture, spec) for picture in pictures]))
    pixels = PixelFile(path=stored, pictures=tuple(pictures), digest="")
    peer = Baseline(
        name=MEDIAPIPE,
        variant=None,
        engine=MEDIAPIPE,
        python=python,
        model=model,
        size_hw=spec.size_hw,
    )

    def ask() -> tuple[float, float]:
        measured = measure_baseline(peer, pixels, (0, len(pictures)), _WARMUP, 0.0)
        return statistics.median(measured.end_to_end_ms), measured.steady_mib or 0.0

    return ask
