"""Figures equal what the shared statistics compute, and intervals are never falsely certain."""

import math

import pytest

from edge_runtime.evaluation import bootstrap_metrics, expected_calibration_error
from trainer.evaluation.figures import all_figures, bayes, predictive_values
from trainer.evaluation.run_folder import cases_of_split, read_run


@pytest.fixture
def cases(small_run):
    return cases_of_split(read_run(small_run.folder), "test")


def test_figures_are_those_of_the_test_pictures(small_run, cases):
    metrics = pytest.importorskip("sklearn.metrics")
    chosen = [p for p in small_run.pictures if p.split == "test"]
    labels = [int(p.label == "malignant") for p in chosen]
    scores = [p.score for p in chosen]
    groups = [p.group for p in chosen]
    figures = all_figures(cases, 0.4, seed=3)
    for name, estimate in bootstrap_metrics(labels, scores, 0.4, groups=groups, seed=3).items():
        assert figures[name] == estimate
    assert figures["roc_auc"].value == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert figures["brier"].value == pytest.approx(metrics.brier_score_loss(labels, scores))
    assert figures["ece"].value == expected_calibration_error(labels, scores)
    assert figures["brier"].low < figures["brier"].value < figures["brier"].high


def test_predictive_values_by_bayes():
    # 1,000 people, 20 with the disease: 19 found, 98 of 980 false alarms.
    ppv, npv = bayes(0.95, 0.9, 0.02)
    assert ppv == pytest.approx(19 / (19 + 98))
    assert npv == pytest.approx(882 / (882 + 1))


@pytest.mark.parametrize("rates", [(0.0, 1.0), (1.0, 0.0), (math.nan, 0.5)])
def test_an_undefined_predictive_value_is_nan(rates):
    assert any(math.isnan(value) for value in bayes(*rates, 0.1))


def test_the_interval_of_predictive_values_holds_them(cases):
    figures = all_figures(cases, 0.4, seed=3)
    for estimate in predictive_values(cases, 0.4, 0.3, seed=3).values():
        assert estimate.low < estimate.value < estimate.high
    low, _ = bayes(figures["sensitivity"].low, figures["specificity"].low, 0.3)
    assert predictive_values(cases, 0.4, 0.3, seed=3)["ppv"].low <= low
