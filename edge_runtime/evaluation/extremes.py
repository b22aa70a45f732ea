"""Intervals of shares that are 0 or 1, where the bootstrap would claim certainty.

Resamples of cases that are all right are all right, however few they are.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.contract.operating_point import wilson_interval
from edge_runtime.evaluation.estimate import Estimate


def widen_extremes(
    estimates: Mapping[str, Estimate],
    labels: ArrayLike,
    scores: ArrayLike,
    threshold: float,
    groups: ArrayLike | None,
) -> dict[str, Estimate]:
    """The estimates; a share of exactly 0 or 1 with its Wilson interval, lesions as trials.

    Any other figure that is the same in all resamples has no interval: so few groups, or cases that
    are all right, tell nothing of what others would be.

    Args:
        estimates: by name, as ``bootstrap_metrics`` returns them.
        labels: 0 or 1, shape (n,).
        scores: shape (n,).
        threshold: a case is called positive at ``score >= threshold``.
        groups: the lesion of each case, shape (n,); None counts single cases.
    """
    positive = np.asarray(labels) == 1
    called = np.asarray(scores) >= threshold
    units = np.arange(positive.size) if groups is None else np.asarray(groups)
    counted = {
        "sensitivity": positive,
        "recall": positive,
        "specificity": ~positive,
        "precision": called,
        "accuracy": np.ones_like(positive),
    }
    return {
        name: _widened(estimate, units[counted[name]]) if name in counted else claimed(estimate)
        for name, estimate in estimates.items()
    }


def claimed(estimate: Estimate) -> Estimate:
    """The estimate; where all resamples agree its interval is undefined, not of no width."""
    if estimate.low != estimate.high:
        return estimate
    return replace(estimate, low=math.nan, high=math.nan)


def _widened(estimate: Estimate, units: NDArray[np.generic]) -> Estimate:
    if estimate.value not in (0.0, 1.0):
        return claimed(estimate)
    trials = len(np.unique(units))
    quantile = NormalDist().inv_cdf((1 + estimate.confidence) / 2)
    low, high = wilson_interval(round(estimate.value) * trials, trials, quantile)
    return Estimate(value=estimate.value, low=low, high=high, confidence=estimate.confidence)
