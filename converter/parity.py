"""Compares a converted file with the Keras model, through the runtime that the device uses."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from converter.errors import ParityError
from converter.export import StaticModel
from converter.run_folder import RunFolder
from converter.shared_runners import logits_of
from edge_runtime.console import progress
from edge_runtime.contract.manifest import ScoredPicture, require_unchanged
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess
from edge_runtime.runner import Runner

# |Δlogit|. Measured on 1,108 pictures: 0.0013, for the trainer keeps activations in half precision.
FLOAT_TOLERANCE = 5e-3
# |Δlogit|, of rounded weights; measured: 0.007 on 1,108 pictures of a fine-tuned model, 0.11 of a
# frozen one with a steep head. A faulty conversion is off by whole logits.
FLOAT16_TOLERANCE = 0.5
_KERAS_CHECKS = 4

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Agreement of a variant with the Keras model on the same pictures.

    Attributes:
        logits: The variant's, (n,).
        keras_logits: The Keras model's, (n,).
    """

    logits: Logits
    keras_logits: Logits

    @property
    def max_difference(self) -> float:
        """Largest |Δlogit|."""
        return float(np.abs(self.logits - self.keras_logits).max())

    @property
    def mean_difference(self) -> float:
        """Mean |Δlogit|."""
        return float(np.abs(self.logits - self.keras_logits).mean())


def measure_parity(
    runners: Sequence[Runner], run: RunFolder, pictures: Sequence[ScoredPicture], doing: str
) -> Parity:
    """Run pictures through the device's code and set the logits beside the Keras model's.

    Args:
        runners: Of the same file and kernels; they share the pictures.
        run: Where the pictures lie, and how they are prepared.
        pictures: Which.
        doing: What the progress says.
    """

    def prepare(picture: ScoredPicture) -> Pixels:
        return preprocess(require_unchanged(run.data, picture), run.draft.preprocessing)

    with contextlib.closing(logits_of(runners, pictures, prepare)) as scored:
        logits = list(progress(scored, len(pictures), doing))
    return Parity(
        logits=np.array(logits), keras_logits=np.array([picture.logit for picture in pictures])
    )


def require_float_parity(parity: Parity, variant: str, tolerance: float) -> None:
    """Refuse a float file that computes something else than the Keras model.

    Raises:
        ParityError: If a logit differs by more than the tolerance, or is NaN.
    """
    if not parity.max_difference <= tolerance:
        raise ParityError(
            f"expected {variant} within {tolerance} of the Keras model's logits. "
            f"Received: max_difference={parity.max_difference:.6f}. The conversion is at fault."
        )


def require_scores_of_model(
    model: StaticModel, folder: Path, pictures: Sequence[ScoredPicture], spec: Preprocessing
) -> None:
    """Refuse a run whose recorded logits are not those of its Keras model.

    Raises:
        ParityError: If one of a few pictures comes out differently.
    """
    for picture in pictures[:: max(1, len(pictures) // _KERAS_CHECKS)][:_KERAS_CHECKS]:
        logit = model.logit(preprocess(require_unchanged(folder, picture), spec))
        if not abs(logit - picture.logit) <= FLOAT_TOLERANCE:
            raise ParityError(
                f"expected the Keras model to give the recorded logit {picture.logit:.5f} for "
                f"{picture.file!r}. Received: {logit:.5f}. Its run folder is mixed up, or this "
                "machine's Keras or Pillow computes differently: train again here."
            )
