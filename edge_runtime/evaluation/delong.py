"""Whether two ROC areas on the same cases differ: the test of DeLong, without resampling.

DeLong, DeLong and Clarke-Pearson 1988 (doi 10.2307/2531595), with ranks as in Sun and Xu 2014
(doi 10.1109/LSP.2014.2337313). Cases of one lesion are not independent: where lesions are known,
the components are summed within each first (Obuchowski 1997, doi 10.2307/2533958); with one case a
lesion that is DeLong's variance again.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.evaluation.cases import checked_cases, group_indices
from edge_runtime.evaluation.estimate import Estimate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DeLong:
    """A difference of two ROC areas, rival minus reference.

    Attributes:
        change: the difference in [-1, 1] with its normal interval; NaN without both classes.
        standard_error: of the difference; NaN where it is undefined.
        p_value: two-sided, of no difference; 1 where the two agree on the order of every pair.
    """

    change: Estimate
    standard_error: float
    p_value: float


def delong(
    labels: ArrayLike,
    reference: ArrayLike,
    rival: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
) -> DeLong:
    """By how much the rival's ROC area exceeds the reference's, and how likely that is by chance.

    Args:
        labels: 0 or 1, shape (n,).
        reference: the first scores, finite, higher for the positive class, shape (n,).
        rival: the second scores of the same cases, shape (n,); the scales need not agree.
        groups: the lesion of each case, shape (n,). None takes the cases as independent.
        confidence: coverage of the interval, in (0, 1).

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
    """
    positive, first = checked_cases(labels, reference)
    _, second = checked_cases(labels, rival)
    if positive.all() or not positive.any():
        undefined = Estimate(value=math.nan, low=math.nan, high=math.nan, confidence=confidence)
        return DeLong(change=undefined, standard_error=math.nan, p_value=math.nan)
    components = _components(positive, second) - _components(positive, first)
    change = float(components[positive].mean())
    unit_of_case, units = (
        (np.arange(positive.size), positive.size)
        if groups is None
        else group_indices(groups, positive.size)
    )
    variance = _variance(positive, components - change, unit_of_case, units)
    # Rounding may leave a variance of 0 just below it.
    error = math.nan if math.isnan(variance) else math.sqrt(max(0.0, variance))
    return _judge(change, error, confidence)


def _judge(change: float, error: float, confidence: float) -> DeLong:
    if math.isnan(error):
        interval, p_value = (math.nan, math.nan), math.nan
    else:
        margin = NormalDist().inv_cdf((1 + confidence) / 2) * error
        interval = max(-1.0, change - margin), min(1.0, change + margin)
        p_value = math.erfc(abs(change) / error / math.sqrt(2)) if error > 0 else float(change == 0)
    low, high = interval
    return DeLong(
        change=Estimate(value=change, low=low, high=high, confidence=confidence),
        standard_error=error,
        p_value=p_value,
    )


def _components(positive: NDArray[np.bool_], scores: FloatArray) -> FloatArray:
    """Of each case, the share of the other class's cases that it stands on the right side of."""
    components = np.empty(positive.size)
    ranks = _middle_ranks(scores)
    for own, other in ((positive, ~positive), (~positive, positive)):
        below = (ranks[own] - _middle_ranks(scores[own])) / other.sum()
        components[own] = below if own is positive else 1.0 - below
    return components


def _middle_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, sizes = np.unique(values, return_inverse=True, return_counts=True)
    middle: FloatArray = (np.cumsum(sizes) - (sizes - 1) / 2)[place]
    return middle


def _variance(
    positive: NDArray[np.bool_], centred: FloatArray, unit_of_case: NDArray[np.intp], units: int
) -> float:
    """Obuchowski's variance of the mean of components that are centred; NaN with one lesion."""

    def by_unit(own: NDArray[np.bool_]) -> tuple[FloatArray, int]:
        sums = np.bincount(unit_of_case[own], weights=centred[own], minlength=units)
        return sums / own.sum(), len(np.unique(unit_of_case[own]))

    (above, with_positive), (below, with_negative) = by_unit(positive), by_unit(~positive)
    if min(with_positive, with_negative) < 2:
        return math.nan
    return float(
        with_positive / (with_positive - 1) * (above @ above)
        + with_negative / (with_negative - 1) * (below @ below)
        + 2 * units / (units - 1) * (above @ below)
    )
