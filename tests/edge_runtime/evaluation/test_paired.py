"""Differences of two classifiers on the same cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.evaluation import (
    Decided,
    Estimate,
    bootstrap_difference,
    cases_needed,
    confusion,
    mcnemar,
    paired_changes,
)

LABELS = np.repeat([0, 1], [300, 100])


def scores_of(seed: int, noise: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    return LABELS * 1.5 + rng.normal(scale=noise, size=LABELS.size)


def test_a_classifier_does_not_differ_from_itself() -> None:
    one = Decided(scores=scores_of(0), threshold=0.7)
    for change in paired_changes(LABELS, one, one).values():
        assert (change.value, change.low, change.high) == (0.0, 0.0, 0.0)
    assert mcnemar(LABELS, one, one).p_value == 1.0


def test_changes_are_the_differences_of_the_figures_at_each_ones_threshold() -> None:
    one = Decided(scores=scores_of(0), threshold=0.7)
    two = Decided(scores=scores_of(1) * 3, threshold=2.5)
    changes = paired_changes(LABELS, one, two)
    before, after = (confusion(LABELS, d.scores, d.threshold) for d in (one, two))
    assert changes["sensitivity"].value == pytest.approx(after.sensitivity - before.sensitivity)
    assert changes["specificity"].value == pytest.approx(after.specificity - before.specificity)
    area = bootstrap_difference(LABELS, one.scores, two.scores)
    assert changes["roc_auc"] == area


def test_pairing_tells_apart_what_two_separate_intervals_cannot() -> None:
    first = scores_of(0)
    second = first + np.random.default_rng(5).normal(scale=0.02, size=first.size)
    change = paired_changes(
        LABELS, Decided(scores=first, threshold=0.7), Decided(scores=second, threshold=0.7)
    )["roc_auc"]
    assert change.high - change.low < 0.01


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_mcnemar_is_the_binomial_test_of_the_cases_that_differ(
    calls: list[tuple[bool, bool]],
) -> None:
    labels = np.ones(len(calls), dtype=int)
    first, second = (
        Decided(scores=np.array([float(call[i]) for call in calls]), threshold=0.5) for i in (0, 1)
    )
    outcome = mcnemar(labels, first, second)
    gained, lost = (sum(call == pair for call in calls) for pair in ((False, True), (True, False)))
    assert (outcome.gained, outcome.lost) == (gained, lost)
    if gained + lost:
        stats = pytest.importorskip("scipy.stats", reason="compared with scipy where it is")
        assert outcome.p_value == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


def test_a_narrow_claim_needs_more_cases() -> None:
    change = Estimate(value=-0.005, low=-0.035, high=0.02)
    # The lower half is 0.03 wide at 100 cases; it must become 0.015: four times as many.
    assert cases_needed(change, 0.02, 100) == 400
    assert cases_needed(change, 0.005, 100) is None
    assert cases_needed(Estimate(value=0.0, low=0.0, high=0.0), 0.02, 100) == 1


def test_an_estimate_at_its_limit_needs_no_astronomic_number_of_cases() -> None:
    at_the_limit = Estimate(value=-0.01 + 1e-17, low=-0.06, high=0.0)
    assert cases_needed(at_the_limit, 0.01, 100) is None
