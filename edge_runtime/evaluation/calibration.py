"""Whether a score of 0.3 means three in ten: temperature scaling and measures of calibration."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.evaluation.cases import checked_cases, checked_probabilities

MIN_TEMPERATURE = 0.05
MAX_TEMPERATURE = 20.0
_HALVINGS = 60


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The T for which ``sigmoid(logit / T)`` is the likeliest probability of the labels.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599). The negative log-likelihood is convex
    in 1/T, so the root of its slope, found by bisection, is the minimum.

    Args:
        logits: finite, higher for the positive class, shape (n,).
        labels: 0 or 1, shape (n,).

    Returns:
        Temperature in [0.05, 20]: above 1 the logits were overconfident. The lower bound when all
        logits have the sign of their label, which no finite sharpness exhausts, the upper bound
        when shrinking every logit to 0 would be best, and 1 when all logits are 0.

    Raises:
        DatasetError: the arrays are empty, do not describe the same cases or hold other values.
    """
    positive, values = checked_cases(labels, logits, name="logits")
    margins = np.where(positive, values, -values)
    if not margins.any():
        return 1.0
    flattest, sharpest = 1.0 / MAX_TEMPERATURE, 1.0 / MIN_TEMPERATURE
    if _slope(margins, sharpest) <= 0.0:
        return MIN_TEMPERATURE
    if _slope(margins, flattest) >= 0.0:
        return MAX_TEMPERATURE
    for _ in range(_HALVINGS):
        middle = (flattest * sharpest) ** 0.5
        if _slope(margins, middle) > 0.0:
            sharpest = middle
        else:
            flattest = middle
    return float((flattest * sharpest) ** -0.5)


def _slope(margins: NDArray[np.float64], sharpness: float) -> float:
    """Derivative of the mean negative log-likelihood by ``sharpness``, which is 1/T.

    Margins are logits, negated for negative cases: the likelihood of each label is then
    sigmoid(sharpness * margin), and the form below loses no digits at either end.
    """
    wrong = np.exp(-np.logaddexp(0.0, sharpness * margins))
    return float(-np.mean(margins * wrong))


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean squared difference of score and label, in [0, 1], lower is better (Brier 1950).

    Args:
        labels: 0 or 1, shape (n,).
        scores: probability of the positive class, in [0, 1], shape (n,).

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
    """
    positive, values = checked_probabilities(labels, scores)
    return float(np.mean((values - positive) ** 2))


def expected_calibration_error(labels: ArrayLike, scores: ArrayLike, bins: int = 15) -> float:
    """Mean gap between score and share of positives over bins of equal mass, in [0, 1].

    Bins of equal mass and not of equal width, because scores of rare classes crowd near 0
    (Nixon et al. 2019, arXiv:1904.01685). Equal scores share a bin, by their middle rank, so the
    order of the cases does not matter.

    Args:
        labels: 0 or 1, shape (n,).
        scores: probability of the positive class, in [0, 1], shape (n,).
        bins: how many bins, 1 or more; with fewer cases than bins some stay empty.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: there is no bin.
    """
    if bins < 1:
        raise ValueError(f"Expected at least one bin. Received: {bins=}.")
    positive, values = checked_probabilities(labels, scores)
    _, tie_of_case, tie_sizes = np.unique(values, return_inverse=True, return_counts=True)
    middle_ranks = np.cumsum(tie_sizes) - tie_sizes / 2
    bin_of_case = (middle_ranks * bins / len(values)).astype(np.intp)[tie_of_case]
    surplus = np.bincount(bin_of_case, weights=values - positive, minlength=bins)
    return float(np.abs(surplus).sum() / len(values))
