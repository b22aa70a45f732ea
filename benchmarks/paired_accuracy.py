"""How a variant differs from float32 picture by picture, and how well its scores are calibrated."""

import math

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy_results import Change, Figure, Paired
from edge_runtime.evaluation import (
    Decided,
    Estimate,
    brier,
    expected_calibration_error,
    mcnemar,
    paired_changes,
)
from edge_runtime.evaluation.delong import delong
from edge_runtime.evaluation.resampling import Resampling

Labels = npt.NDArray[np.int64]
Groups = npt.NDArray[np.str_]
_CONFIDENCE = 0.95


def compare_with_reference(
    labels: Labels, reference: Decided, rival: Decided, groups: Groups, resamples: int
) -> Paired:
    """What differs between two variants on the same pictures, each at its own threshold.

    Args:
        labels: 0 or 1, shape (n,).
        reference: Float32.
        rival: The variant.
        groups: The lesion of each picture, shape (n,).
        resamples: Of the bootstrap.
    """
    area = delong(labels, reference.scores, rival.scores, groups=groups)
    rates = paired_changes(labels, reference, rival, groups=groups, resamples=resamples)
    whole = mcnemar(labels, reference, rival)
    return Paired(
        roc_auc=_change(area.change, area.p_value),
        sensitivity=_change(
            rates["sensitivity"], _mcnemar_p(labels == 1, labels, reference, rival)
        ),
        specificity=_change(
            rates["specificity"], _mcnemar_p(labels == 0, labels, reference, rival)
        ),
        gained=whole.gained,
        lost=whole.lost,
        p_value=whole.p_value,
    )


def calibration_figures(
    labels: Labels, scores: npt.NDArray[np.float64], groups: Groups, resamples: int
) -> dict[str, Figure]:
    """``brier`` and ``ece`` with bootstrap intervals over lesions.

    The calibration error of a resample is larger than that of the pictures, because equal cases
    crowd its bins: where its interval lies above the figure, the interval is widened to it.
    """
    squares = (scores - labels) ** 2

    def figures(weights: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float64]]:
        errors = [
            expected_calibration_error(np.repeat(labels, row), np.repeat(scores, row))
            for row in weights
        ]
        return [weights @ squares / weights.sum(axis=1), np.array(errors)]

    plan = Resampling.of(len(labels), groups, resamples, _CONFIDENCE, 0)
    mean_square, error = plan.estimates(figures)
    return {
        "brier": _figure(brier(labels, scores), mean_square),
        "ece": _figure(expected_calibration_error(labels, scores), error),
    }


def share_of_flips(differs: npt.NDArray[np.bool_], groups: Groups, resamples: int) -> Figure:
    """The share of decisions that differ, with its bootstrap interval over lesions.

    Args:
        differs: Of each scored picture, shape (n,).
        groups: The lesion of each, shape (n,).
        resamples: Of the bootstrap.
    """
    plan = Resampling.of(len(differs), groups, resamples, _CONFIDENCE, 0)
    (share,) = plan.estimates(lambda weights: [weights @ differs / weights.sum(axis=1)])
    return _figure(share.value, share)


def _mcnemar_p(
    chosen: npt.NDArray[np.bool_], labels: Labels, reference: Decided, rival: Decided
) -> float:
    if not chosen.any():
        return math.nan

    def of(one: Decided) -> Decided:
        return Decided(scores=np.asarray(one.scores)[chosen], threshold=one.threshold)

    return mcnemar(labels[chosen], of(reference), of(rival)).p_value


def _change(estimate: Estimate, p_value: float) -> Change:
    fields = estimate.as_dict()
    return Change(
        value=fields["value"],
        low=fields["low"],
        high=fields["high"],
        p_value=None if math.isnan(p_value) else p_value,
    )


def _figure(value: float, estimate: Estimate) -> Figure:
    return Figure(
        value=value,
        low=min(value, estimate.low),
        high=max(value, estimate.high),
        confidence=estimate.confidence,
    )
