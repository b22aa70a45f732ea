"""Cases sorted once by score, from which the counts of any number of weightings follow.

Every figure here needs only the weight of positive and of negative cases at or above each
distinct score. Weights are whole and the counts int64, so ties and repeated cases are exact.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.evaluation.cases import checked_cases

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class CumulativeCounts:
    """Weight of the cases at or above each distinct score, for ``b`` weightings of the cases.

    Attributes:
        tp: positive cases, int64, shape (b, g + 1): column 0 is 0, column k counts the cases
            that score at least the k-th highest of the g distinct scores, the last counts all.
        fp: negative cases, likewise.
    """

    tp: IntArray
    fp: IntArray

    def roc_auc(self) -> FloatArray:
        """Area under the ROC curve by trapezia, which counts ties as half, shape (b,).

        Equals the Mann-Whitney statistic over the number of pairs (Hanley and McNeil 1982,
        doi 10.1148/radiology.143.1.7063747). NaN where a class is absent.
        """
        doubled = np.einsum("bk,bk->b", np.diff(self.fp), self.tp[:, 1:] + self.tp[:, :-1])
        return ratio(doubled, 2 * self.tp[:, -1] * self.fp[:, -1])

    def average_precision(self) -> FloatArray:
        """Precision averaged over the steps of recall, without interpolation, shape (b,).

        The definition of ``sklearn.metrics.average_precision_score``. NaN where a class is
        absent.
        """
        tp = self.tp[:, 1:]
        precision = tp / np.maximum(tp + self.fp[:, 1:], 1)
        summed = np.einsum("bk,bk->b", np.diff(self.tp), precision)
        both = np.where(self.fp[:, -1] > 0, self.tp[:, -1], 0)
        return ratio(summed, both)

    def cut(self, passing: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Counts (tp, fp, tn, fn), each (b,), when ``passing`` distinct scores are positive."""
        tp, fp = self.tp[:, passing], self.fp[:, passing]
        return tp, fp, self.fp[:, -1] - fp, self.tp[:, -1] - tp


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Cases in falling order of score, with the places where the score changes.

    Attributes:
        order: index of each case in the caller's arrays, highest score first, shape (n,).
        positive: whether each case is positive, in that order, bool, shape (n,).
        distinct: the distinct scores, falling, float64, shape (g,).
        ends: 0, then how many cases score at least each distinct score, shape (g + 1,).
    """

    order: NDArray[np.intp]
    positive: NDArray[np.bool_]
    distinct: FloatArray
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, labels: ArrayLike, scores: ArrayLike) -> Self:
        """The ranking of cases with labels 0 or 1, shape (n,), and finite scores, shape (n,).

        Raises:
            DatasetError: the arrays do not describe the same cases, or hold other values.
        """
        positive, values = checked_cases(labels, scores)
        order = np.argsort(-values, kind="stable")
        falling = values[order]
        last_of_tie = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1)
        return cls(
            order=order,
            positive=positive[order],
            distinct=falling[last_of_tie],
            ends=np.concatenate(([0], last_of_tie + 1)),
        )

    def counts(self, weights: IntArray) -> CumulativeCounts:
        """Counts under ``b`` weightings, int64, shape (b, n), in the caller's order of cases."""
        falling = weights[:, self.order]
        return CumulativeCounts(
            tp=self._accumulated(falling * self.positive),
            fp=self._accumulated(falling * ~self.positive),
        )

    def _accumulated(self, weights: IntArray) -> IntArray:
        totals = np.zeros((weights.shape[0], weights.shape[1] + 1), dtype=np.int64)
        np.cumsum(weights, axis=1, out=totals[:, 1:])
        if len(self.ends) == totals.shape[1]:
            return totals
        return totals[:, self.ends]

    def passing(self, threshold: float) -> int:
        """How many of the distinct scores are at or above ``threshold``.

        Raises:
            ValueError: the threshold is NaN.
        """
        if np.isnan(threshold):
            raise ValueError(f"Expected a threshold that is a number. Received: {threshold=}.")
        return int(np.count_nonzero(self.distinct >= threshold))


def ratio(numerator: IntArray | FloatArray, denominator: IntArray) -> FloatArray:
    """The quotient, elementwise; NaN, without a warning, where the denominator is 0."""
    undefined = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)
