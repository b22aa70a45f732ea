"""What a variant decides about labelled pictures, and how good that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy_results import Accuracy, Decisions, Figure
from benchmarks.paired_accuracy import (
    calibration_figures,
    compare_with_reference,
    share_of_flips,
)
from edge_runtime.assessment import Decision
from edge_runtime.classifier import LesionClassifier
from edge_runtime.console import progress
from edge_runtime.contract.manifest import Picture
from edge_runtime.errors import DatasetError, InputError
from edge_runtime.evaluation import (
    Decided,
    Estimate,
    bootstrap_difference,
    bootstrap_metrics,
    brier,
    expected_calibration_error,
)

RESAMPLES = 2000
FIGURES = ("roc_auc", "pr_auc", "sensitivity", "specificity", "accuracy", "f1")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one picture.

    Attributes:
        decision: None if the picture could not be used.
        score: None unless it was scored.
        logit: None unless it was scored.
    """

    decision: Decision | None
    score: float | None = None
    logit: float | None = None


class Threshold(Protocol):
    """Of an operating point, all that figures need."""

    @property
    def threshold(self) -> float:
        """A score at or above it is referred."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One model's outcomes on all pictures of a benchmark, in their order."""

    outcomes: tuple[Outcome, ...]
    point: Threshold

    def scores(self, kept: Sequence[int]) -> npt.NDArray[np.float64]:
        """Scores of the pictures at these places, float64, shape (len(kept),)."""
        return np.array([self.outcomes[i].score for i in kept], dtype=np.float64)

    def logits(self, kept: Sequence[int]) -> npt.NDArray[np.float64]:
        """Logits of the pictures at these places, float64, shape (len(kept),)."""
        return np.array([self.outcomes[i].logit for i in kept], dtype=np.float64)

    def decided(self, kept: Sequence[int]) -> Decided:
        """Scores and threshold of the pictures at these places."""
        return Decided(scores=self.scores(kept), threshold=self.point.threshold)


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The pictures that have a score.

    Attributes:
        kept: Their places among the pictures of the benchmark.
        labels: 0 or 1, int64, shape (n,).
        groups: What the bootstrap draws whole, shape (n,).
    """

    kept: tuple[int, ...]
    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]


def judge(classifier: LesionClassifier, folder: Path, pictures: Sequence[Picture]) -> Judged:
    """Assess all pictures; one that cannot be used becomes an outcome without decision."""
    variant = classifier.card.variant
    outcomes = tuple(
        _outcome(classifier, folder / picture.file)
        for picture in progress(pictures, len(pictures), f"accuracy of {variant}, pictures")
    )
    return Judged(outcomes=outcomes, point=classifier.card.operating_point)


def _outcome(classifier: LesionClassifier, picture: Path) -> Outcome:
    try:
        assessment = classifier.assess(picture)
    except InputError:
        return Outcome(decision=None)
    return Outcome(decision=assessment.decision, score=assessment.score, logit=assessment.logit)


def scored_cases(judged: Sequence[Judged], pictures: Sequence[Picture], positive: str) -> Cases:
    """The pictures that every model scored, so that all figures are of the same ones.

    Args:
        judged: At least one model's outcomes.
        pictures: The pictures they are of.
        positive: Name of the label that counts as 1.

    Raises:
        DatasetError: If no picture has a score.
    """
    kept = tuple(
        i
        for i in range(len(pictures))
        if all(model.outcomes[i].score is not None for model in judged)
    )
    if not kept:
        raise DatasetError(
            f"expected pictures that can be scored. Received: {len(pictures)}, all of them "
            "unreadable or RETAKE. Try one with melanoma-edge image to see why."
        )
    return Cases(
        kept=kept,
        labels=np.array([int(pictures[i].label == positive) for i in kept], dtype=np.int64),
        groups=np.array([pictures[i].group for i in kept], dtype=np.str_),
    )


def measure_accuracy(
    model: Judged, cases: Cases, *, reference: Judged | None, keras: Judged | None
) -> Accuracy:
    """The accuracy of one model on the scored pictures.

    Args:
        model: Its outcomes.
        cases: The scored pictures.
        reference: Outcomes of float32; None for float32 itself, or where there is none.
        keras: Outcomes of the Keras model; None for itself, or where they are not known.
    """
    labels, scores = cases.labels, model.scores(cases.kept)
    estimates = bootstrap_metrics(
        labels, scores, model.point.threshold, groups=cases.groups, resamples=RESAMPLES
    )
    flips = flip_share = paired = change = logit_difference = score_difference = None
    if reference is not None:
        before_at, now_at = reference.decided(cases.kept), model.decided(cases.kept)
        flip_share = share_of_flips(before_at.called != now_at.called, cases.groups, RESAMPLES)
        paired = compare_with_reference(labels, before_at, now_at, cases.groups, RESAMPLES)
        pairs = zip(model.outcomes, reference.outcomes, strict=True)
        flips = sum(a.decision != b.decision for a, b in pairs)
        before = reference.scores(cases.kept)
        change = _figure(
            bootstrap_difference(labels, before, scores, groups=cases.groups, resamples=RESAMPLES)
        )
    if keras is not None:
        logit_difference = _furthest(model.logits(cases.kept), keras.logits(cases.kept))
        score_difference = _furthest(scores, keras.scores(cases.kept))
    return Accuracy(
        threshold=model.point.threshold,
        figures={name: _figure(estimates[name]) for name in FIGURES},
        brier=brier(labels, scores),
        ece=expected_calibration_error(labels, scores),
        decisions=_count(model.outcomes),
        flips=flips,
        roc_auc_change=change,
        max_logit_difference=logit_difference,
        max_score_difference=score_difference,
        calibration=calibration_figures(labels, scores, cases.groups, RESAMPLES),
        flip_share=flip_share,
        paired=paired,
    )


def _furthest(values: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> float:
    return float(np.abs(values - others).max())


def _count(outcomes: Sequence[Outcome]) -> Decisions:
    decisions = [outcome.decision for outcome in outcomes]
    return Decisions(
        refer=decisions.count(Decision.REFER),
        no_referral=decisions.count(Decision.NO_REFERRAL),
        retake=decisions.count(Decision.RETAKE),
        unreadable=decisions.count(None),
    )


def _figure(estimate: Estimate) -> Figure:
    fields = estimate.as_dict()
    return Figure(
        value=fields["value"],
        low=fields["low"],
        high=fields["high"],
        confidence=estimate.confidence,
    )
