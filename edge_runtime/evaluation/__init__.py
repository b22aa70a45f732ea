"""Figures of merit with intervals, shared by training, conversion and benchmarks."""

from edge_runtime.evaluation.bootstrap import bootstrap_difference, bootstrap_metrics
from edge_runtime.evaluation.calibration import (
    brier,
    expected_calibration_error,
    fit_temperature,
)
from edge_runtime.evaluation.estimate import Estimate
from edge_runtime.evaluation.metrics import (
    Confusion,
    average_precision,
    confusion,
    roc_auc,
    roc_curve,
)

__all__ = [
    "Confusion",
    "Estimate",
    "average_precision",
    "bootstrap_difference",
    "bootstrap_metrics",
    "brier",
    "confusion",
    "expected_calibration_error",
    "fit_temperature",
    "roc_auc",
    "roc_curve",
]
