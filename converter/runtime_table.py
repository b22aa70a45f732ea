"""How far the runtimes lie apart on the same file: logits, and decisions at its operating point."""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import display_name, log, progress
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.operating_point import scores_from_logits
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess
from edge_runtime.errors import DeviceError, InputError, TensorMismatchError
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RuntimeChoice:
    """A runtime, and whether it may use XNNPACK.

    Attributes:
        name: What tables call it.
        runtime: One of ``edge_runtime.interpreter.RUNTIMES``.
        optimized: As ``load_runner`` takes it.
    """

    name: str
    runtime: str
    optimized: bool


REFERENCE = RuntimeChoice(name="ai-edge-litert, XNNPACK", runtime="ai-edge-litert", optimized=True)
OTHERS = (
    RuntimeChoice(
        name="ai-edge-litert, built-in kernels", runtime="ai-edge-litert", optimized=False
    ),
    RuntimeChoice(name="tflite-runtime", runtime="tflite-runtime", optimized=True),
)


@dataclass(frozen=True, kw_only=True)
class RuntimeDifference:
    """One file on one runtime, against :data:`REFERENCE` on the same pictures.

    Attributes:
        file: Name of the model file.
        runtime: Name of the runtime.
        pictures: How many were compared.
        mean_difference: Mean |Δlogit|; None if the runtime did not run the file.
        max_difference: Largest |Δlogit|.
        changed_decisions: Pictures whose decision differs at the card's operating point.
        problem: Why the runtime did not run the file.
    """

    file: str
    runtime: str
    pictures: int
    mean_difference: float | None = None
    max_difference: float | None = None
    changed_decisions: int | None = None
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def compare_runtimes(
    path: Path, pictures: Sequence[Path], others: Sequence[RuntimeChoice] = OTHERS
) -> list[RuntimeDifference]:
    """One model file on each of the other runtimes against the reference.

    A runtime that does not run the file gets a row that says why.

    Raises:
        ContractError: If the file is no sealed model.
        DeviceError: If the reference does not run it.
        InputError: If no picture can be used.
    """
    card = open_sealed(path).card
    pixels = usable_pixels(pictures, card.preprocessing)
    reference = run_pixels(path, REFERENCE, pixels)
    differences = []
    for choice in others:
        try:
            logits = run_pixels(path, choice, pixels)
        except (DeviceError, TensorMismatchError) as error:
            difference = RuntimeDifference(
                file=path.name, runtime=choice.name, pictures=len(pixels), problem=str(error)
            )
        else:
            difference = compare_logits(path.name, choice.name, card, reference, logits)
        differences.append(difference)
    return differences


def usable_pixels(pictures: Sequence[Path], spec: Preprocessing) -> list[Pixels]:
    """The model's pixels of the pictures that can be used; the others are logged.

    Raises:
        InputError: If none can be used.
    """
    usable = []
    for picture in pictures:
        try:
            usable.append(preprocess(picture, spec))
        except InputError as error:
            log.error("%s: %s", display_name(picture), error)
    if not usable:
        raise InputError(
            f"expected pictures that can be used. Received: none of {len(pictures)}. "
            "See the error of each."
        )
    return usable


def run_pixels(path: Path, choice: RuntimeChoice, pixels: Sequence[Pixels]) -> Logits:
    """Logits (n,) of uint8 pixels (H, W, 3) on one runtime.

    Raises:
        RuntimeUnavailableError: If it is not installed or does not work.
        TensorMismatchError: If it cannot load the file.
    """
    runner = load_runner(path, runtime=choice.runtime, optimized=choice.optimized)
    with contextlib.closing(runner):
        doing = f"{path.name} on {choice.name}"
        return np.array([logit_of(runner, one) for one in progress(pixels, len(pixels), doing)])


def compare_logits(
    file: str, runtime: str, card: ModelCard, reference: Logits, logits: Logits
) -> RuntimeDifference:
    """What sets two rows of logits (n,) of one model apart; NaN counts as another decision."""
    apart = np.abs(logits - reference)
    threshold = card.operating_point.threshold
    refers = [scores_from_logits(row, card.temperature) >= threshold for row in (reference, logits)]
    return RuntimeDifference(
        file=file,
        runtime=runtime,
        pictures=len(logits),
        mean_difference=float(apart.mean()),
        max_difference=float(apart.max()),
        changed_decisions=int(((refers[0] != refers[1]) | np.isnan(logits)).sum()),
    )
