"""The figures of an evaluation: those of the training run, calibration, predictive values."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edge_runtime.evaluation import (
    Estimate,
    bootstrap_metrics,
    brier,
    claimed,
    expected_calibration_error,
)
from edge_runtime.evaluation.cases import group_indices
from trainer.evaluation.cases import Cases

RESAMPLES = 2000
CONFIDENCE = 0.95


def all_figures(cases: Cases, threshold: float, seed: int) -> dict[str, Estimate]:
    """Eight figures as in the run's ``metrics.json``, then ``brier`` and ``ece``.

    Args:
        cases: What is evaluated.
        threshold: Of the operating point, in [0, 1].
        seed: Of the resamples; the training seed gives the intervals of the training run.
    """
    figures = bootstrap_metrics(
        cases.labels,
        cases.scores,
        threshold,
        groups=cases.groups,
        resamples=RESAMPLES,
        seed=seed,
    )
    return figures | _calibration(cases, seed)


def _calibration(cases: Cases, seed: int) -> dict[str, Estimate]:
    """Brier score and ECE with percentile bootstrap intervals over groups."""
    labels, scores = cases.labels, cases.scores
    group_of_case, groups = group_indices(cases.groups, len(labels))
    generator = np.random.Generator(np.random.PCG64(seed))
    resampled = np.empty((RESAMPLES, 2))
    for row in resampled:
        drawn = np.bincount(generator.integers(groups, size=groups), minlength=groups)
        again = np.repeat(np.arange(len(labels)), drawn[group_of_case])
        row[:] = _brier_and_ece(labels[again], scores[again])
    ends = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    values = _brier_and_ece(labels, scores)
    # Resamples are less calibrated than the cases: their ECE lies higher, at times all of it.
    return {
        name: claimed(
            Estimate(
                value=value, low=min(float(low), value), high=float(high), confidence=CONFIDENCE
            )
        )
        for name, value, low, high in zip(("brier", "ece"), values, *ends, strict=True)
    }


def _brier_and_ece(
    labels: npt.NDArray[np.int_], scores: npt.NDArray[np.float64]
) -> tuple[float, float]:
    return brier(labels, scores), expected_calibration_error(labels, scores)


def predictive_values(
    cases: Cases, threshold: float, prevalence: float, seed: int
) -> dict[str, Estimate]:
    """``ppv`` and ``npv`` where the positive class has another share than in these pictures.

    Bayes' theorem on sensitivity and specificity (Altman and Bland 1994, doi
    10.1136/bmj.309.6947.102). Both values rise with both rates, so the corners of a box that
    holds both rates bound them: each side is a 97.5 % interval, and by Bonferroni's inequality
    the box holds both with at least 95 %.

    Args:
        cases: What is evaluated.
        threshold: Of the operating point, in [0, 1].
        prevalence: Share of the positive class to assume, in (0, 1).
        seed: Of the resamples.
    """
    rates = bootstrap_metrics(
        cases.labels,
        cases.scores,
        threshold,
        groups=cases.groups,
        resamples=RESAMPLES,
        confidence=(1 + CONFIDENCE) / 2,
        seed=seed,
    )
    return _bayes_with_interval(rates, prevalence)


def _bayes_with_interval(rates: Mapping[str, Estimate], prevalence: float) -> dict[str, Estimate]:
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    corners = [
        bayes(getattr(sensitivity, end), getattr(specificity, end), prevalence)
        for end in ("value", "low", "high")
    ]
    values = zip(("ppv", "npv"), zip(*corners, strict=True), strict=True)
    return {name: _estimate(value, low, high) for name, (value, low, high) in values}


def _estimate(value: float, low: float, high: float) -> Estimate:
    if any(math.isnan(end) for end in (value, low, high)):
        low = high = math.nan
    return Estimate(value=value, low=low, high=high, confidence=CONFIDENCE)


def bayes(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    """Positive and negative predictive value; NaN where a rate is, or where none is called so.

    PPV = Se·p / (Se·p + (1 − Sp)(1 − p)), NPV = Sp(1 − p) / (Sp(1 − p) + (1 − Se)p)
    (Altman and Bland 1994, doi 10.1136/bmj.309.6947.102).

    Args:
        sensitivity: Se, in [0, 1].
        specificity: Sp, in [0, 1].
        prevalence: p, in (0, 1).
    """
    true_positive, false_negative = sensitivity * prevalence, (1 - sensitivity) * prevalence
    true_negative = specificity * (1 - prevalence)
    false_positive = (1 - specificity) * (1 - prevalence)
    referred, not_referred = true_positive + false_positive, true_negative + false_negative
    return (
        true_positive / referred if referred != 0 else math.nan,
        true_negative / not_referred if not_referred != 0 else math.nan,
    )
