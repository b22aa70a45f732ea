"""Percentile bootstrap intervals (Efron and Tibshirani 1993, chapter 13).

A resample is a row of case weights: how often each case was drawn. Pictures of one lesion are
not independent, so where lesions are known they are drawn whole (the cluster bootstrap: Field and
Welsh 2007, doi 10.1111/j.1467-9868.2007.00593.x). Resamples in which a figure is undefined, for
want of one class, are left out of its interval.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from edge_runtime.evaluation.area import widen_uncertain_area
from edge_runtime.evaluation.estimate import Estimate
from edge_runtime.evaluation.extremes import widen_extremes
from edge_runtime.evaluation.metrics import threshold_rates
from edge_runtime.evaluation.ranking import CumulativeCounts, FloatArray, Ranking
from edge_runtime.evaluation.resampling import Resampling

_RANK_METRICS: dict[str, Callable[[CumulativeCounts], FloatArray]] = {
    "roc_auc": CumulativeCounts.roc_auc,
    "pr_auc": CumulativeCounts.average_precision,
}
_REPORTED = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "pr_auc",
    "sensitivity",
    "specificity",
)


def bootstrap_metrics(
    labels: ArrayLike,
    scores: ArrayLike,
    threshold: float,
    *,
    groups: ArrayLike | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Eight figures of a classifier, each with its interval from the same resamples.

    A share of exactly 0 or 1 has its Wilson interval instead; an ROC-AUC of 0 or 1, or with fewer
    than 10 cases of a class, Newcombe's. Where all resamples agree, the interval is undefined.

    Args:
        labels: 0 or 1, shape (n,).
        scores: finite, higher for the positive class, shape (n,).
        threshold: a case is called positive at ``score >= threshold``.
        groups: the lesion of each case, shape (n,); drawn whole. None draws single cases.
        resamples: how many resamples to draw, 1 or more.
        confidence: coverage of the intervals, in (0, 1).
        seed: of the PCG64 generator; equal seeds give equal intervals.

    Returns:
        ``accuracy``, ``precision``, ``recall``, ``f1``, ``roc_auc``, ``pr_auc`` (average
        precision), ``sensitivity`` and ``specificity``, in this order.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: threshold, resamples or confidence are out of range.
    """
    ranking = Ranking.of(labels, scores)
    passing = ranking.passing(threshold)
    plan = Resampling.of(len(ranking.order), groups, resamples, confidence, seed)
    figures = plan.estimates(lambda weights: _all_figures(ranking.counts(weights), passing))
    estimates = dict(zip(_REPORTED, figures, strict=True))
    estimates["roc_auc"] = widen_uncertain_area(estimates["roc_auc"], np.asarray(labels))
    return widen_extremes(estimates, labels, scores, threshold, groups)


def bootstrap_difference(
    labels: ArrayLike,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    *,
    metric: Literal["roc_auc", "pr_auc"] = "roc_auc",
    groups: ArrayLike | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """By how much the second scores beat the first: the metric of b minus that of a, in [-1, 1].

    Both are computed on the same resamples, so what they share cancels out and the interval is
    that of the difference.

    Args:
        labels: 0 or 1, shape (n,).
        scores_a: of the reference, finite, higher for the positive class, shape (n,).
        scores_b: of its rival on the same cases, shape (n,); the scales need not agree.
        metric: ``roc_auc``, or ``pr_auc`` for average precision.
        groups: the lesion of each case, shape (n,); drawn whole. None draws single cases.
        resamples: how many resamples to draw, 1 or more.
        confidence: coverage of the interval, in (0, 1).
        seed: of the PCG64 generator; equal seeds give equal intervals.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: resamples or confidence are out of range.
    """
    a, b, area = Ranking.of(labels, scores_a), Ranking.of(labels, scores_b), _RANK_METRICS[metric]
    plan = Resampling.of(len(a.order), groups, resamples, confidence, seed)
    return plan.estimates(lambda weights: [area(b.counts(weights)) - area(a.counts(weights))])[0]


def _all_figures(counts: CumulativeCounts, passing: int) -> list[FloatArray]:
    figures = threshold_rates(*counts.cut(passing))
    figures |= {name: area(counts) for name, area in _RANK_METRICS.items()}
    return [figures[name] for name in _REPORTED]
