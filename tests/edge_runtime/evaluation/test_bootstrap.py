"""Intervals: repeatable, independent of block size, and as wide as the data are uncertain."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import (
    average_precision,
    bootstrap_difference,
    bootstrap_metrics,
    confusion,
    resampling,
    roc_auc,
)

FIGURES = [
    "accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "pr_auc",
    "sensitivity",
    "specificity",
]


def screening_cases(count, *, seed=0, prevalence=0.3, decimals=6):
    generator = np.random.default_rng(seed)
    labels = (generator.random(count) < prevalence).astype(int)
    scores = np.round(generator.normal(1.5 * labels, 1.0), decimals)
    return labels, scores


def test_values_are_those_of_the_metrics():
    labels, scores = screening_cases(200, decimals=1)
    figures = bootstrap_metrics(labels, scores, 0.7, resamples=50)
    assert list(figures) == FIGURES
    counted = confusion(labels, scores, 0.7)
    expected = {
        "roc_auc": roc_auc(labels, scores),
        "pr_auc": average_precision(labels, scores),
    } | {name: getattr(counted, name) for name in FIGURES if not name.endswith("auc")}
    assert {name: figure.value for name, figure in figures.items()} == expected


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_intervals_are_ordered_and_hold_the_value(seed):
    labels, scores = screening_cases(120, seed=seed)
    for figure in bootstrap_metrics(labels, scores, 0.7, resamples=200, seed=seed).values():
        assert 0.0 <= figure.low <= figure.value <= figure.high <= 1.0


def test_resamples_are_drawn_cases():
    """The vectorised resamples give what metrics on literally drawn cases give."""
    labels, scores = screening_cases(60, decimals=1)
    figures = bootstrap_metrics(labels, scores, 0.7, resamples=40, seed=3)
    drawn = np.random.Generator(np.random.PCG64(3)).integers(60, size=(40, 60))
    areas = [roc_auc(labels[rows], scores[rows]) for rows in drawn]
    precisions = [average_precision(labels[rows], scores[rows]) for rows in drawn]
    recalls = [confusion(labels[rows], scores[rows], 0.7).recall for rows in drawn]
    for name, resampled in [("roc_auc", areas), ("pr_auc", precisions), ("recall", recalls)]:
        interval = [figures[name].low, figures[name].high]
        assert interval == pytest.approx(np.quantile(resampled, [0.025, 0.975]))


def test_equal_seeds_give_equal_intervals():
    cases = *screening_cases(150), 0.7
    first = bootstrap_metrics(*cases, resamples=100, seed=1)
    assert bootstrap_metrics(*cases, resamples=100, seed=1) == first
    assert bootstrap_metrics(*cases, resamples=100, seed=2) != first


@pytest.mark.parametrize("grouped", [False, True])
def test_block_size_changes_nothing(monkeypatch, grouped):
    labels, scores = screening_cases(101)
    groups = np.arange(101) // 3 if grouped else None
    whole = bootstrap_metrics(labels, scores, 0.7, groups=groups, resamples=64)
    for block_bytes in (1, 101 * 8 * 5):
        monkeypatch.setattr(resampling, "BLOCK_BYTES", block_bytes)
        assert bootstrap_metrics(labels, scores, 0.7, groups=groups, resamples=64) == whole


def test_case_order_changes_nothing_when_lesions_are_drawn():
    labels, scores = screening_cases(90)
    groups = np.array([f"lesion-{index // 3}" for index in range(90)])
    shuffled = np.random.default_rng(0).permutation(90)
    figures = bootstrap_metrics(labels, scores, 0.7, groups=groups, resamples=80)
    assert figures == bootstrap_metrics(
        labels[shuffled], scores[shuffled], 0.7, groups=groups[shuffled], resamples=80
    )


def test_repeated_pictures_narrow_the_interval_only_when_lesions_are_ignored():
    labels, scores = screening_cases(150)
    copies = np.repeat(labels, 4), np.repeat(scores, 4)
    lesions = np.repeat(np.arange(150), 4)
    single = bootstrap_metrics(labels, scores, 0.7, resamples=400)["roc_auc"]
    naive = bootstrap_metrics(*copies, 0.7, resamples=400)["roc_auc"]
    grouped = bootstrap_metrics(*copies, 0.7, groups=lesions, resamples=400)["roc_auc"]
    assert naive.high - naive.low < 0.7 * (single.high - single.low)
    # Copies cancel out of every figure: drawing lesions is drawing the single pictures.
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high))


def test_interval_of_a_share_is_near_its_normal_approximation():
    labels, scores = screening_cases(2000, prevalence=0.5)
    accuracy = bootstrap_metrics(labels, scores, 0.75)["accuracy"]
    half = 1.96 * math.sqrt(accuracy.value * (1 - accuracy.value) / 2000)
    assert (accuracy.high - accuracy.low) / 2 == pytest.approx(half, rel=0.1)


def test_coverage_of_the_auc():
    """Of 100 studies of 150 cases, about 95 have the true AUC in their interval."""
    true_auc = 0.5 * (1 + math.erf(1.5 / 2))
    covered = 0
    for seed in range(100):
        interval = bootstrap_metrics(*screening_cases(150, seed=seed), 0.7, resamples=300)
        covered += interval["roc_auc"].low <= true_auc <= interval["roc_auc"].high
    assert 88 <= covered <= 100


def test_more_confidence_is_a_wider_interval():
    cases = *screening_cases(150), 0.7
    narrow = bootstrap_metrics(*cases, resamples=300, confidence=0.8)["roc_auc"]
    wide = bootstrap_metrics(*cases, resamples=300, confidence=0.99)["roc_auc"]
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.confidence == 0.99


def test_one_class_leaves_figures_undefined_without_a_warning():
    figures = bootstrap_metrics([1, 1, 1], [0.1, 0.5, 0.9], 0.5, resamples=20)
    for name in ("roc_auc", "pr_auc", "specificity"):
        assert figures[name].as_dict() == {
            "value": None,
            "low": None,
            "high": None,
            "confidence": 0.95,
        }
    assert figures["sensitivity"].value == pytest.approx(2 / 3)


def test_resamples_of_one_class_are_left_out():
    figures = bootstrap_metrics([0, 0, 0, 1], [0.1, 0.2, 0.95, 0.9], 0.5, resamples=100)
    assert 0 < figures["pr_auc"].low <= figures["pr_auc"].value < figures["pr_auc"].high == 1.0


def test_an_area_of_one_or_of_few_cases_claims_no_certainty():
    figures = bootstrap_metrics([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.9], 0.5, resamples=100)
    assert figures["roc_auc"].low < 0.8
    assert figures["roc_auc"].high == 1.0


def test_a_score_does_not_differ_from_itself():
    labels, scores = screening_cases(100)
    same = bootstrap_difference(labels, scores, 2 * scores + 1, resamples=100)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("metric", "area"), [("roc_auc", roc_auc), ("pr_auc", average_precision)])
def test_difference_is_second_minus_first(metric, area):
    labels, scores = screening_cases(200)
    worse = scores + np.random.default_rng(1).normal(size=200)
    difference = bootstrap_difference(labels, scores, worse, metric=metric, resamples=200)
    assert difference.value == pytest.approx(area(labels, worse) - area(labels, scores))
    mirrored = bootstrap_difference(labels, worse, scores, metric=metric, resamples=200)
    assert [-mirrored.high, -mirrored.low] == pytest.approx([difference.low, difference.high])
    assert difference.value < 0


def test_pairing_narrows_the_interval_of_a_small_change():
    labels, scores = screening_cases(400)
    nearly = scores + 0.05 * np.random.default_rng(1).normal(size=400)
    paired = bootstrap_difference(labels, scores, nearly, resamples=300)
    alone = bootstrap_metrics(labels, scores, 0.7, resamples=300)["roc_auc"]
    assert paired.high - paired.low < 0.2 * (alone.high - alone.low)


def test_difference_draws_lesions_whole():
    labels, scores = screening_cases(100)
    worse = scores + np.random.default_rng(1).normal(size=100)
    copied = (np.repeat(each, 3) for each in (labels, scores, worse))
    grouped = bootstrap_difference(*copied, groups=np.repeat(np.arange(100), 3), resamples=200)
    single = bootstrap_difference(labels, scores, worse, resamples=200)
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high))


def test_groups_must_match_the_cases():
    with pytest.raises(DatasetError, match=r"Received: groups\.shape=\(1,\), cases=2"):
        bootstrap_metrics([0, 1], [0.1, 0.2], 0.5, groups=["lesion-1"])


@pytest.mark.parametrize(
    ("settings", "received"),
    [({"resamples": 0}, "resamples=0"), ({"confidence": 95.0}, "confidence=95.0")],
)
def test_settings_out_of_range_are_refused(settings, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        bootstrap_metrics([0, 1], [0.1, 0.2], 0.5, **settings)


def test_where_all_resamples_agree_there_is_no_interval() -> None:
    one_patient = bootstrap_metrics([0, 1, 1], [0.1, 0.2, 0.9], 0.5, groups=["P", "P", "P"])
    perfect = bootstrap_metrics([0] * 20 + [1] * 10, [0.1] * 20 + [0.9] * 10, 0.5)
    for estimate in (one_patient["accuracy"], one_patient["sensitivity"], perfect["pr_auc"]):
        assert math.isnan(estimate.low)
        assert str(estimate).endswith("[undefined]")


def test_a_share_of_one_claims_no_certainty() -> None:
    labels = [1] * 10 + [0] * 20
    scores = [0.9] * 10 + [0.1] * 20
    lesions = [f"L{i // 2}" for i in range(30)]  # two pictures of each lesion
    estimates = bootstrap_metrics(labels, scores, 0.5, groups=lesions)
    assert (estimates["sensitivity"].value, estimates["sensitivity"].high) == (1.0, 1.0)
    # Wilson's lower bound for 5 of 5 and 10 of 10.
    assert estimates["sensitivity"].low == pytest.approx(0.5655, abs=1e-4)
    assert estimates["specificity"].low == pytest.approx(0.7225, abs=1e-4)
