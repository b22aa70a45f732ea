"""A variant beside its float model on the same labelled pictures, each at its own threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.operating_point import (
    OperatingPoint,
    choose_operating_point,
    scores_from_logits,
)
from edge_runtime.evaluation import (
    Decided,
    Estimate,
    McNemar,
    bootstrap_metrics,
    expected_calibration_error,
    fit_temperature,
    mcnemar,
    paired_changes,
)

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibrated:
    """One model's logits with the temperature and operating point that it decides by.

    Attributes:
        logits: float64, shape (n,).
        temperature: Divides them.
        point: Its operating point.
    """

    logits: Logits
    temperature: float
    point: OperatingPoint

    @property
    def scores(self) -> Logits:
        """Calibrated scores in [0, 1], shape (n,)."""
        return scores_from_logits(self.logits, self.temperature)

    @property
    def decided(self) -> Decided:
        """Scores and threshold."""
        return Decided(scores=self.scores, threshold=self.point.threshold)


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A picture that the two models decide differently.

    Attributes:
        file: Its path in the data set.
        label: Its label.
        reference_score: The float model's.
        score: The variant's.
        refers: Whether the variant refers it.
    """

    file: str
    label: str
    reference_score: float
    score: float
    refers: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a variant gains and loses.

    Attributes:
        pictures: How many were compared.
        malignant: How many of them are of the positive label.
        figures: The variant's own, by name, at its own operating point.
        changes: ``roc_auc``, ``sensitivity``, ``specificity``: variant minus float, paired.
        mcnemar: Pictures that only one of the two gets right.
        flips: Pictures decided differently, the largest difference of scores first.
        mean_score_difference: Mean |Δscore|.
        max_score_difference: Largest |Δscore|.
        ece: Expected calibration error of the variant.
        reference_ece: Of the float model.
    """

    pictures: int
    malignant: int
    figures: dict[str, Estimate]
    changes: dict[str, Estimate]
    mcnemar: McNemar
    flips: tuple[Flip, ...]
    mean_score_difference: float
    max_score_difference: float
    ece: float
    reference_ece: float


def calibrate_logits(logits: Logits, labels: npt.NDArray[np.int_], wanted: Any) -> Calibrated:
    """Temperature and operating point of a variant's own, from validation pictures.

    Args:
        logits: float64, shape (n,).
        labels: 0 or 1, shape (n,).
        wanted: An operating point whose rule and target hold here too.
    """
    temperature = fit_temperature(logits, labels)
    scores = scores_from_logits(logits, temperature)
    point = choose_operating_point(labels, scores, rule=wanted.rule, target=wanted.target)
    return Calibrated(logits=logits, temperature=temperature, point=point)


def compare(
    reference: Calibrated, variant: Calibrated, pictures: Sequence[Picture], positive: str
) -> Comparison:
    """Set a variant beside the float model.

    Args:
        reference: The float model on the pictures.
        variant: The variant on the same.
        pictures: What they are of, in their order.
        positive: Name of the label that counts as 1.
    """
    labels = labels_of(pictures, positive)
    groups = np.array([picture.group for picture in pictures])
    before, after = reference.decided, variant.decided
    difference = np.abs(variant.scores - reference.scores)
    return Comparison(
        pictures=len(pictures),
        malignant=int(labels.sum()),
        figures=bootstrap_metrics(labels, variant.scores, after.threshold, groups=groups),
        changes=paired_changes(labels, before, after, groups=groups),
        mcnemar=mcnemar(labels, before, after),
        flips=_flips(before, after, pictures),
        mean_score_difference=float(difference.mean()),
        max_score_difference=float(difference.max()),
        ece=expected_calibration_error(labels, variant.scores),
        reference_ece=expected_calibration_error(labels, reference.scores),
    )


def labels_of(pictures: Sequence[Picture], positive: str) -> npt.NDArray[np.int_]:
    """1 for pictures of the positive label, else 0; shape (n,)."""
    return np.array([int(picture.label == positive) for picture in pictures])


def _flips(before: Decided, after: Decided, pictures: Sequence[Picture]) -> tuple[Flip, ...]:
    scores, others = np.asarray(after.scores), np.asarray(before.scores)
    places = np.flatnonzero(before.called != after.called)
    furthest = places[np.argsort(-np.abs(scores - others)[places], kind="stable")]
    return tuple(
        Flip(
            file=pictures[i].file,
            label=pictures[i].label,
            reference_score=float(others[i]),
            score=float(scores[i]),
            refers=bool(after.called[i]),
        )
        for i in furthest.tolist()
    )
