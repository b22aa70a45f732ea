"""From logits to scores and a decision: temperature and operating point, on validation alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.manifest import Picture, ScoredPicture
from edge_runtime.contract.operating_point import (
    OperatingPoint,
    choose_operating_point,
    scores_from_logits,
)
from edge_runtime.evaluation import fit_temperature
from trainer.config import Target
from trainer.prepare import binary_labels


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """Scores of all pictures, and what they were made with.

    Attributes:
        pictures: With logit and score.
        temperature: Fitted on the validation pictures.
        operating_point: Chosen on them.
    """

    pictures: list[ScoredPicture]
    temperature: float
    operating_point: OperatingPoint


def calibrate(
    logits: npt.NDArray[np.float64], pictures: Sequence[Picture], target: Target
) -> Calibrated:
    """Fit temperature and operating point on the validation pictures, and score all.

    Args:
        logits: Of all pictures (n,).
        pictures: With their splits.
        target: What the operating point has to reach.
    """
    labels = binary_labels(pictures)
    valid = np.array([picture.split == "valid" for picture in pictures])
    temperature = fit_temperature(logits[valid], labels[valid])
    scores = scores_from_logits(logits, temperature)
    point = choose_operating_point(
        labels[valid], scores[valid], rule=target.rule, target=target.value
    )
    scored = [
        ScoredPicture(**vars(picture), logit=float(logit), score=float(score))
        for picture, logit, score in zip(pictures, logits, scores, strict=True)
    ]
    return Calibrated(pictures=scored, temperature=temperature, operating_point=point)
