"""How well scores separate two classes, overall and at a threshold.

A figure that the cases leave undefined, such as the AUC of one class, is NaN. Weights are whole
numbers: a case of weight 3 counts as three equal cases.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.evaluation.cases import checked_weights
from edge_runtime.evaluation.ranking import CumulativeCounts, FloatArray, IntArray, Ranking, ratio


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Counts of right and wrong decisions, and the rates that follow; 0/0 is NaN.

    Attributes:
        tp: positive cases at or above the threshold.
        fp: negative cases at or above the threshold.
        tn: negative cases below the threshold.
        fn: positive cases below the threshold.
    """

    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def total(self) -> int:
        """Number of cases."""
        return self.tp + self.fp + self.tn + self.fn

    @property
    def accuracy(self) -> float:
        """Share of all cases that are on the right side of the threshold."""
        return self._rate("accuracy")

    @property
    def precision(self) -> float:
        """Share of the cases at or above the threshold that are positive."""
        return self._rate("precision")

    @property
    def recall(self) -> float:
        """Share of the positive cases that are at or above the threshold."""
        return self._rate("recall")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, as 2 tp / (2 tp + fp + fn)."""
        return self._rate("f1")

    @property
    def sensitivity(self) -> float:
        """Another name of `recall`."""
        return self._rate("sensitivity")

    @property
    def specificity(self) -> float:
        """Share of the negative cases that are below the threshold."""
        return self._rate("specificity")

    def _rate(self, name: str) -> float:
        counts = (np.array(count) for count in (self.tp, self.fp, self.tn, self.fn))
        return float(threshold_rates(*counts)[name])


def threshold_rates(
    tp: IntArray, fp: IntArray, tn: IntArray, fn: IntArray
) -> dict[str, FloatArray]:
    """The rates of `Confusion` by name, for counts of any one shape; NaN where undefined."""
    sensitivity = ratio(tp, tp + fn)
    return {
        "accuracy": ratio(tp + tn, tp + fp + tn + fn),
        "precision": ratio(tp, tp + fp),
        "recall": sensitivity,
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "sensitivity": sensitivity,
        "specificity": ratio(tn, tn + fp),
    }


def roc_auc(labels: ArrayLike, scores: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Probability that a positive case scores above a negative one, ties counted as half.

    Args:
        labels: 0 or 1, shape (n,).
        scores: finite, higher for the positive class, shape (n,).
        weights: whole numbers, 0 or more, shape (n,); 1 each when None.

    Returns:
        Area under the ROC curve, in [0, 1]; NaN when a class is absent.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
    """
    _, counts = _ranked(labels, scores, weights)
    return float(counts.roc_auc()[0])


def average_precision(
    labels: ArrayLike, scores: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Area under the precision-recall curve as a sum of steps, as scikit-learn defines it.

    Args:
        labels: 0 or 1, shape (n,).
        scores: finite, higher for the positive class, shape (n,).
        weights: whole numbers, 0 or more, shape (n,); 1 each when None.

    Returns:
        Average precision, in [0, 1]; NaN when a class is absent.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
    """
    _, counts = _ranked(labels, scores, weights)
    return float(counts.average_precision()[0])


def confusion(
    labels: ArrayLike,
    scores: ArrayLike,
    threshold: float,
    *,
    weights: ArrayLike | None = None,
) -> Confusion:
    """Counts of decisions when a case is called positive at ``score >= threshold``.

    Args:
        labels: 0 or 1, shape (n,).
        scores: finite, shape (n,).
        threshold: on the scale of the scores; any number but NaN.
        weights: whole numbers, 0 or more, shape (n,); 1 each when None.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: the threshold is NaN.
    """
    ranking, counts = _ranked(labels, scores, weights)
    tp, fp, tn, fn = (int(count[0]) for count in counts.cut(ranking.passing(threshold)))
    return Confusion(tp=tp, fp=fp, tn=tn, fn=fn)


def roc_curve(
    labels: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Every point of the ROC curve, from nothing called positive to everything.

    Args:
        labels: 0 or 1, shape (n,).
        scores: finite, shape (n,).

    Returns:
        False positive rate, true positive rate, both rising in [0, 1], and the threshold that
        gives them, falling, float64, shape (g + 1,) for g distinct scores. The first threshold
        is infinite. A rate is NaN when its class is absent.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
    """
    ranking, counts = _ranked(labels, scores, None)
    fp, tp = counts.fp[0], counts.tp[0]
    return (
        ratio(fp, np.broadcast_to(fp[-1], fp.shape)),
        ratio(tp, np.broadcast_to(tp[-1], tp.shape)),
        np.concatenate(([np.inf], ranking.distinct)),
    )


def _ranked(
    labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None
) -> tuple[Ranking, CumulativeCounts]:
    ranking = Ranking.of(labels, scores)
    count = len(ranking.order)
    case_weights = (
        np.ones(count, dtype=np.int64) if weights is None else checked_weights(weights, count)
    )
    return ranking, ranking.counts(case_weights[np.newaxis])
