"""Percentile bootstrap intervals (Efron and Tibshirani 1993, chapter 13).

A resample is a row of case weights: how often each case was drawn. Pictures of one lesion are
not independent, so where lesions are known they are drawn whole (the cluster bootstrap: Field and
Welsh 2007, doi 10.1111/j.1467-9868.2007.00593.x). Resamples in which a figure is undefined, for
want of one class, are left out of its interval.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from edge_runtime.evaluation.cases import group_indices
from edge_runtime.evaluation.estimate import Estimate
from edge_runtime.evaluation.metrics import threshold_rates
from edge_runtime.evaluation.ranking import CumulativeCounts, FloatArray, IntArray, Ranking

# Resamples are computed in blocks whose largest array has this size: about a dozen such arrays
# live at once, and small ones stay in the processor's cache.
BLOCK_BYTES = 2**20

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
        precision), ``sensitivity`` and ``specificity``.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: threshold, resamples or confidence are out of range.
    """
    ranking = Ranking.of(labels, scores)
    passing = ranking.passing(threshold)

    def figures(weights: IntArray) -> dict[str, FloatArray]:
        counts = ranking.counts(weights)
        rates = threshold_rates(*counts.cut(passing))
        areas = {name: area(counts) for name, area in _RANK_METRICS.items()}
        return {name: areas[name] if name in areas else rates[name] for name in _REPORTED}

    count = len(ranking.order)
    values = figures(np.ones((1, count), dtype=np.int64))
    blocks = [figures(weights) for weights in _resampled_weights(count, groups, resamples, seed)]
    return {
        name: _estimate(value, [block[name] for block in blocks], confidence)
        for name, value in values.items()
    }


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
    """By how much the second scores beat the first on the same cases: metric of b minus of a.

    Both are computed on the same resamples, so what they share cancels out and the interval is
    that of the difference.

    Args:
        labels: 0 or 1, shape (n,).
        scores_a: of the reference, finite, higher for the positive class, shape (n,).
        scores_b: of its rival, likewise; the scales need not agree.
        metric: ``roc_auc``, or ``pr_auc`` for average precision.
        groups: the lesion of each case, shape (n,); drawn whole. None draws single cases.
        resamples: how many resamples to draw, 1 or more.
        confidence: coverage of the interval, in (0, 1).
        seed: of the PCG64 generator; equal seeds give equal intervals.

    Returns:
        The difference, in [-1, 1]; below 0 when the second scores are worse.

    Raises:
        DatasetError: the arrays do not describe the same cases, or hold other values.
        ValueError: resamples or confidence are out of range.
    """
    ranking_a, ranking_b = Ranking.of(labels, scores_a), Ranking.of(labels, scores_b)
    area = _RANK_METRICS[metric]

    def difference(weights: IntArray) -> FloatArray:
        return area(ranking_b.counts(weights)) - area(ranking_a.counts(weights))

    count = len(ranking_a.order)
    value = difference(np.ones((1, count), dtype=np.int64))
    blocks = [difference(weights) for weights in _resampled_weights(count, groups, resamples, seed)]
    return _estimate(value, blocks, confidence)


def _resampled_weights(
    count: int, groups: ArrayLike | None, resamples: int, seed: int
) -> Iterator[IntArray]:
    """Blocks of resamples as case weights, int64, shape (block, count), ``resamples`` in all."""
    if resamples < 1:
        raise ValueError(f"Expected at least one resample. Received: {resamples=}.")
    generator = np.random.Generator(np.random.PCG64(seed))
    group_of_case, units = (None, count) if groups is None else group_indices(groups, count)
    rows_per_block = max(1, BLOCK_BYTES // (count * np.dtype(np.int64).itemsize))
    for first in range(0, resamples, rows_per_block):
        rows = min(rows_per_block, resamples - first)
        drawn = generator.integers(units, size=(rows, units))
        drawn += np.arange(rows)[:, np.newaxis] * units
        times = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units)
        yield times if group_of_case is None else times[:, group_of_case]


def _estimate(value: FloatArray, blocks: list[FloatArray], confidence: float) -> Estimate:
    resampled = np.concatenate(blocks)
    defined = resampled[~np.isnan(resampled)]
    tail = (1.0 - confidence) / 2.0
    low, high = (
        np.quantile(defined, [tail, 1.0 - tail])
        if defined.size and not np.isnan(value[0])
        else (np.nan, np.nan)
    )
    return Estimate(value=float(value[0]), low=float(low), high=float(high), confidence=confidence)
