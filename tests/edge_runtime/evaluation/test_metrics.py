"""Figures against scikit-learn, over ties, weights and degenerate cases."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import (
    Confusion,
    average_precision,
    confusion,
    roc_auc,
    roc_curve,
)

reference = pytest.importorskip("sklearn.metrics")
unhurried = settings(deadline=None)


@st.composite
def labelled_cases(draw, *, both_classes=True):
    """Labels, scores with many ties, and weights of up to 40 cases."""
    count = draw(st.integers(2, 40))
    labels = draw(arrays.arrays(np.int64, count, elements=st.integers(0, 1)))
    tied = st.integers(0, 5).map(lambda step: step / 5)
    fine = st.floats(-1e3, 1e3)
    scores = draw(arrays.arrays(np.float64, count, elements=draw(st.sampled_from([tied, fine]))))
    weights = draw(arrays.arrays(np.int64, count, elements=st.integers(0, 4)))
    if both_classes:
        assume(len(set(labels[weights > 0])) == 2)
    return labels, scores, weights


@unhurried
@given(labelled_cases())
def test_areas_are_those_of_scikit_learn(cases):
    labels, scores, _ = cases
    assert roc_auc(labels, scores) == pytest.approx(reference.roc_auc_score(labels, scores))
    assert average_precision(labels, scores) == pytest.approx(
        reference.average_precision_score(labels, scores)
    )


@unhurried
@given(labelled_cases())
def test_weights_are_those_of_scikit_learn(cases):
    labels, scores, weights = cases
    assert roc_auc(labels, scores, weights=weights) == pytest.approx(
        reference.roc_auc_score(labels, scores, sample_weight=weights)
    )
    assert average_precision(labels, scores, weights=weights) == pytest.approx(
        reference.average_precision_score(labels, scores, sample_weight=weights)
    )


@unhurried
@given(labelled_cases(both_classes=False), st.floats(-0.2, 1.2))
def test_weights_equal_repeated_cases(cases, threshold):
    labels, scores, weights = cases
    assume(weights.any())
    repeated = np.repeat(labels, weights), np.repeat(scores, weights)
    for area in (roc_auc, average_precision):
        assert area(labels, scores, weights=weights) == pytest.approx(
            area(*repeated), rel=1e-12, nan_ok=True
        )
    assert confusion(labels, scores, threshold, weights=weights) == confusion(*repeated, threshold)


@unhurried
@given(labelled_cases(both_classes=False), st.sampled_from([0.0, 0.2, 0.3, 1.0, 1.1]))
def test_counts_and_rates_are_those_of_scikit_learn(cases, threshold):
    labels, scores, _ = cases
    called = (scores >= threshold).astype(int)
    counted = confusion(labels, scores, threshold)
    tn, fp, fn, tp = reference.confusion_matrix(labels, called, labels=[0, 1]).ravel()
    assert counted == Confusion(tp=tp, fp=fp, tn=tn, fn=fn)
    assert counted.total == len(labels)
    undefined = {"zero_division": np.nan}
    expected = {
        "accuracy": reference.accuracy_score(labels, called),
        "precision": reference.precision_score(labels, called, **undefined),
        "recall": reference.recall_score(labels, called, **undefined),
        "sensitivity": reference.recall_score(labels, called, **undefined),
        "specificity": reference.recall_score(labels, called, pos_label=0, **undefined),
        "f1": reference.f1_score(labels, called, **undefined),
    }
    for name, value in expected.items():
        assert getattr(counted, name) == pytest.approx(value, nan_ok=True), name


@unhurried
@given(labelled_cases())
def test_roc_curve_is_that_of_scikit_learn(cases):
    labels, scores, _ = cases
    expected = reference.roc_curve(labels, scores, drop_intermediate=False)
    for ours, theirs in zip(roc_curve(labels, scores), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@unhurried
@given(labelled_cases())
def test_auc_keeps_its_value_under_rising_maps(cases):
    labels, scores, _ = cases
    # Ranks are a rising map that, unlike exp or a cube, cannot merge two scores by rounding.
    ranks = np.searchsorted(np.unique(scores), scores)
    assert roc_auc(labels, scores) == roc_auc(labels, 3 * ranks - 7) == roc_auc(labels, ranks**3)


@unhurried
@given(labelled_cases())
def test_auc_of_reversed_scores_is_the_complement(cases):
    labels, scores, _ = cases
    assert roc_auc(labels, -scores) == pytest.approx(1 - roc_auc(labels, scores))
    assert roc_auc(1 - labels, scores) == pytest.approx(1 - roc_auc(labels, scores))


def test_a_threshold_equal_to_a_score_calls_it_positive():
    assert confusion([0, 1, 1], [0.1, 0.5, 0.9], 0.5) == Confusion(tp=2, fp=0, tn=1, fn=0)


@pytest.mark.parametrize("threshold", [math.inf, 2.0])
def test_a_threshold_above_all_scores_calls_nothing_positive(threshold):
    counted = confusion([0, 1], [0.1, 0.5], threshold)
    assert counted == Confusion(tp=0, fp=0, tn=1, fn=1)
    assert math.isnan(counted.precision)
    assert counted.f1 == 0.0


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_leaves_figures_undefined(label):
    labels, scores = [label] * 3, [0.1, 0.2, 0.3]
    assert math.isnan(roc_auc(labels, scores))
    assert math.isnan(average_precision(labels, scores))
    fpr, tpr, _ = roc_curve(labels, scores)
    assert np.isnan(fpr if label else tpr).all()
    counted = confusion(labels, scores, 0.2)
    assert math.isnan(counted.specificity if label else counted.sensitivity)


def test_all_scores_equal_is_chance():
    assert roc_auc([0, 1, 1, 0], [0.5] * 4) == 0.5


def test_nan_threshold_is_refused():
    with pytest.raises(ValueError, match="Received: threshold=nan"):
        confusion([0, 1], [0.1, 0.2], math.nan)


@pytest.mark.parametrize(
    ("labels", "scores", "received"),
    [
        pytest.param([0, 1], [0.5], r"labels\.shape=\(2,\), scores\.shape=\(1,\)", id="lengths"),
        pytest.param([], [], r"labels\.shape=\(0,\)", id="empty"),
        pytest.param([[0], [1]], [[0.1], [0.2]], r"scores\.shape=\(2, 1\)", id="column"),
        pytest.param([0, 2, 2], [0.1, 0.2, 0.3], r"2 of 3 values", id="labels"),
        pytest.param([0.0, math.nan], [0.1, 0.2], r"1 of 2 values", id="missing label"),
        pytest.param([0, 1], [0.1, math.nan], r"1 of 2 scores", id="NaN score"),
        pytest.param([0, 1], [-math.inf, 0.1], r"1 of 2 scores", id="infinite score"),
    ],
)
def test_unsound_cases_are_refused(labels, scores, received):
    for figure in (roc_auc, average_precision, roc_curve):
        with pytest.raises(DatasetError, match=rf"Received: .*{received}"):
            figure(labels, scores)


@pytest.mark.parametrize("weights", [[1], [1, -1], [0.5, 1.0]])
def test_unsound_weights_are_refused(weights):
    with pytest.raises(DatasetError, match=r"Received: weights\.shape"):
        roc_auc([0, 1], [0.1, 0.2], weights=weights)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_labels_of_any_numeric_kind(dtype):
    assert roc_auc(np.array([0, 1, 1], dtype=dtype), np.float32([0.1, 0.2, 0.3])) == 1.0
