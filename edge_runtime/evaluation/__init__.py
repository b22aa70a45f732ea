"""Figures of merit with intervals, shared by training, conversion and benchmarks."""

from edge_runtime.evaluation.bootstrap import bootstrap_difference, bootstrap_metrics
from edge_runtime.evaluation.calibration import (
    brier,
    expected_calibration_error,
    fit_temperature,
)
from edge_runtime.evaluation.estimate import Estimate
from edge_runtime.evaluation.extremes import claimed
from edge_runtime.evaluation.metrics import (
    Confusion,
    average_precision,
    confusion,
    roc_auc,
    roc_curve,
)
from edge_runtime.evaluation.paired import (
    Decided,
    McNemar,
    cases_needed,
    mcnemar,
    paired_changes,
)

__all__ = [
    "Confusion",
    "Decided",
    "Estimate",
    "McNemar",
    "average_precision",
    "bootstrap_difference",
    "bootstrap_metrics",
    "brier",
    "cases_needed",
    "claimed",
    "confusion",
    "expected_calibration_error",
    "fit_temperature",
    "mcnemar",
    "paired_changes",
    "roc_auc",
    "roc_curve",
]
