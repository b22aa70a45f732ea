"""Two classifiers on the same cases: what differs between them, with paired intervals and tests.

Figures of two models on the same pictures share most of their chance. Only differences taken case
by case show what is left.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.evaluation.cases import checked_cases
from edge_runtime.evaluation.estimate import Estimate
from edge_runtime.evaluation.metrics import threshold_rates
from edge_runtime.evaluation.ranking import CumulativeCounts, FloatArray, Ranking
from edge_runtime.evaluation.resampling import Resampling

_RATES = ("sensitivity", "specificity")
_ROUNDING = 1e-6  # of a case, or of a share: what floats leave above a whole number


@dataclass(frozen=True, kw_only=True, eq=False)
class Decided:
    """One classifier's scores and the threshold it decides at.

    Attributes:
        scores: finite, higher for the positive class, shape (n,).
        threshold: a case is called positive at ``score >= threshold``.
    """

    scores: ArrayLike
    threshold: float

    @property
    def called(self) -> NDArray[np.bool_]:
        """Whether each case is called positive, shape (n,)."""
        return np.asarray(self.scores, dtype=np.float64) >= self.threshold


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """Cases on which two classifiers differ, and how likely so uneven a split is by chance.

    Attributes:
        gained: cases that only the second gets right.
        lost: cases that only the first gets right.
        p_value: two-sided and exact, of the binomial with share 1/2 (McNemar 1947,
            doi 10.1007/BF02295996); 1 where no case differs.
    """

    gained: int
    lost: int
    p_value: float


def paired_changes(
    labels: ArrayLike,
    reference: Decided,
    rival: Decided,
    *,
    groups: ArrayLike | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Estimate]:
    """How the rival's figures differ from the reference's, each at its own threshold.

    Args:
        labels: 0 or 1, shape (n,).
        reference: the first classifier.
        rival: the second, on the same cases.
        groups: the lesion of each case, shape (n,); drawn whole. None draws single cases.
        resamples: how many resamples to draw, 1 or more.
        confidence: coverage of the intervals, in (0, 1).
        seed: of the PCG64 generator; equal seeds give equal intervals.

    Returns:
        ``roc_auc``, ``sensitivity`` and ``specificity``, rival minus reference, in [-1, 1], with
        intervals from the same resamples.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: resamples or confidence are out of range.
    """
    first, second = (Ranking.of(labels, one.scores) for one in (reference, rival))
    cuts = first.passing(reference.threshold), second.passing(rival.threshold)
    plan = Resampling.of(len(first.order), groups, resamples, confidence, seed)

    def changes(weights: NDArray[np.int64]) -> list[FloatArray]:
        before = _figures(first.counts(weights), cuts[0])
        after = _figures(second.counts(weights), cuts[1])
        return [b - a for a, b in zip(before, after, strict=True)]

    return dict(zip(("roc_auc", *_RATES), plan.estimates(changes), strict=True))


def mcnemar(labels: ArrayLike, reference: Decided, rival: Decided) -> McNemar:
    """The exact test of McNemar on which cases each classifier gets right.

    Args:
        labels: 0 or 1, shape (n,).
        reference: the first classifier.
        rival: the second, on the same cases.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
    """
    positive, _ = checked_cases(labels, reference.scores)
    checked_cases(labels, rival.scores)
    right_before, right_after = reference.called == positive, rival.called == positive
    gained = int(np.sum(~right_before & right_after))
    lost = int(np.sum(right_before & ~right_after))
    return McNemar(gained=gained, lost=lost, p_value=_two_sided(min(gained, lost), gained + lost))


def cases_needed(change: Estimate, limit: float, cases: int) -> int | None:
    """How many cases it takes until the interval of a fall stays within a limit.

    The width of an interval falls with the root of the number of cases; the estimate is taken to
    stay where it is.

    Args:
        change: of a figure, rival minus reference.
        limit: the largest fall that is allowed, 0 or more.
        cases: how many cases of the class stand behind the estimate.

    Returns:
        The number; None if the estimate itself lies at or beyond the limit, or is undefined.
    """
    margin = limit + change.value
    below = change.value - change.low
    if not margin > _ROUNDING or math.isnan(below):
        return None
    return max(1, math.ceil(cases * (below / margin) ** 2 - _ROUNDING))


def _figures(counts: CumulativeCounts, passing: int) -> list[FloatArray]:
    rates = threshold_rates(*counts.cut(passing))
    return [counts.roc_auc(), *(rates[name] for name in _RATES)]


def _two_sided(fewer: int, trials: int) -> float:
    tail = sum(math.comb(trials, k) for k in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**trials))
