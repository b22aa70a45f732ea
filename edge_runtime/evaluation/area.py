"""Interval of a ROC area where cases are few or all in order, and the bootstrap too certain.

A resample of one positive case is that case again, and a resample of cases in perfect order is in
perfect order.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from edge_runtime.evaluation.estimate import Estimate

FEW = 10
_HALVINGS = 60


def widen_uncertain_area(area: Estimate, labels: npt.NDArray[np.int_]) -> Estimate:
    """The estimate; with a score interval if it is 0 or 1, or a class has fewer than 10 cases.

    The score interval holds the areas θ no further from the estimate than z times their own
    standard error, with the variance of method 5 of Newcombe 2006 (doi 10.1002/sim.2324).

    Args:
        area: Of the ROC curve; may be NaN.
        labels: 0 or 1, shape (n,).
    """
    positive = int(labels.sum())
    negative = len(labels) - positive
    certain = area.value not in (0.0, 1.0) and min(positive, negative) >= FEW
    if math.isnan(area.value) or certain:
        return area
    z = NormalDist().inv_cdf((1 + area.confidence) / 2)
    # The variance is the same for θ and 1 − θ, hence the upper end by mirroring.
    low = _lower_end(area.value, positive, negative, z)
    high = 1.0 - _lower_end(1.0 - area.value, positive, negative, z)
    return Estimate(value=area.value, low=low, high=high, confidence=area.confidence)


def _lower_end(value: float, positive: int, negative: int, z: float) -> float:
    """Smallest θ that is no more than z of its own standard errors below ``value``."""
    low, high = 0.0, value
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if value - middle > z * math.sqrt(_variance(middle, positive, negative)):
            low = middle
        else:
            high = middle
    return high


def _variance(area: float, positive: int, negative: int) -> float:
    mean_count = (positive + negative) / 2
    spread = (1 - area) / (2 - area) + area / (1 + area)
    return area * (1 - area) * (1 + (mean_count - 1) * spread) / (positive * negative)
