"""Temperature scaling finds the temperature that made the labels; measures of calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import brier, expected_calibration_error, fit_temperature
from edge_runtime.evaluation.calibration import MAX_TEMPERATURE, MIN_TEMPERATURE

reference = pytest.importorskip("sklearn.metrics")
unhurried = settings(deadline=None)


def sigmoid(logits):
    return np.exp(-np.logaddexp(0, -np.asarray(logits, dtype=float)))


def negative_log_likelihood(logits, labels, temperature):
    return np.logaddexp(0, np.where(labels, -1, 1) * logits / temperature).mean()


def calibrated_cases(count, *, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(-0.5, 2.0, size=count)
    return logits, (generator.random(count) < sigmoid(logits)).astype(int)


@unhurried
@given(st.floats(0.2, 8.0), st.integers(0, 1000))
def test_the_temperature_that_made_the_labels_is_found(temperature, seed):
    logits, labels = calibrated_cases(4000, seed=seed)
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.2)


@unhurried
@given(st.floats(0.3, 5.0))
def test_scaled_logits_scale_the_temperature(scale):
    logits, labels = calibrated_cases(300)
    expected = scale * fit_temperature(logits, labels)
    assert fit_temperature(scale * logits, labels) == pytest.approx(expected, rel=1e-9)


@unhurried
@given(
    arrays.arrays(np.float64, 12, elements=st.floats(-50, 50)),
    arrays.arrays(np.int64, 12, elements=st.integers(0, 1)),
)
def test_no_temperature_in_range_is_likelier(logits, labels):
    fitted = fit_temperature(logits, labels)
    assert MIN_TEMPERATURE <= fitted <= MAX_TEMPERATURE
    best = negative_log_likelihood(logits, labels, fitted)
    others = np.geomspace(MIN_TEMPERATURE, MAX_TEMPERATURE, 101)
    assert all(best <= negative_log_likelihood(logits, labels, t) + 1e-9 for t in others)


@pytest.mark.parametrize("size", [0.3, 30.0, 1e6])
def test_separated_classes_go_to_the_bounds(size):
    assert fit_temperature([-size, size], [0, 1]) == MIN_TEMPERATURE
    assert fit_temperature([-size, size], [1, 0]) == MAX_TEMPERATURE


def test_one_class_goes_to_a_bound():
    assert fit_temperature([1.0, 2.0], [1, 1]) == MIN_TEMPERATURE
    assert fit_temperature([1.0, 2.0], [0, 0]) == MAX_TEMPERATURE


def test_zero_logits_are_left_as_they_are():
    assert fit_temperature([0.0, 0.0], [0, 1]) == 1.0


def test_no_cases_are_refused():
    with pytest.raises(DatasetError, match=r"Received: labels\.shape=\(0,\), logits\.shape"):
        fit_temperature([], [])


@unhurried
@given(
    arrays.arrays(np.float64, 15, elements=st.floats(0, 1)),
    arrays.arrays(np.int64, 15, elements=st.integers(0, 1)),
)
def test_brier_is_that_of_scikit_learn(scores, labels):
    expected = reference.brier_score_loss(labels, scores, pos_label=1)
    assert brier(labels, scores) == pytest.approx(expected)


def test_calibration_error_of_two_bins_by_hand():
    labels = [0, 1, 0, 1, 1, 1]
    scores = [0.1, 0.2, 0.3, 0.6, 0.8, 1.0]
    # Low bin: mean score 0.2, share 1/3; high bin: mean score 0.8, share 1.
    expected = (abs(0.2 - 1 / 3) + abs(0.8 - 1)) / 2
    assert expected_calibration_error(labels, scores, bins=2) == pytest.approx(expected)


def test_bins_hold_equal_mass():
    labels, scores = np.random.default_rng(0).integers(2, size=60), np.linspace(0, 0.05, 60)
    gaps = (scores - labels).reshape(15, 4).mean(axis=1)
    expected = np.abs(gaps).mean()
    assert expected_calibration_error(labels, scores) == pytest.approx(expected)


@unhurried
@given(
    arrays.arrays(np.float64, 20, elements=st.integers(0, 4).map(lambda step: step / 4)),
    arrays.arrays(np.int64, 20, elements=st.integers(0, 1)),
    st.permutations(range(20)),
    st.integers(1, 30),
)
def test_calibration_error_ignores_the_order_of_cases(scores, labels, order, bins):
    error = expected_calibration_error(labels, scores, bins=bins)
    assert 0.0 <= error <= 1.0
    shuffled = expected_calibration_error(labels[order], scores[order], bins=bins)
    assert shuffled == pytest.approx(error)


def test_calibration_error_vanishes_for_calibrated_scores_and_not_for_others():
    logits, labels = calibrated_cases(20_000)
    assert expected_calibration_error(labels, sigmoid(logits)) < 0.02
    assert expected_calibration_error(labels, sigmoid(4 * logits)) > 0.08


@pytest.mark.parametrize("measure", [brier, expected_calibration_error])
def test_logits_are_not_scores(measure):
    with pytest.raises(DatasetError, match=r"Received: min\(scores\)=-1, max\(scores\)=2"):
        measure([0, 1], [-1.0, 2.0])


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="Received: bins=0"):
        expected_calibration_error([0, 1], [0.1, 0.9], bins=0)
