"""The threshold reaches its target at the least cost, whatever the scores; and scores behave."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_runtime.contract.operating_point import (
    OperatingPoint,
    Proportion,
    choose_operating_point,
    score_from_logit,
    scores_from_logits,
)
from edge_runtime.errors import CardSchemaError, DatasetError

Scored = tuple[npt.NDArray[np.int_], npt.NDArray[np.float64]]

finite = st.floats(allow_nan=False, allow_infinity=False)
temperatures = st.floats(0, 1e300, exclude_min=True)
targets = st.floats(1e-3, 1) | st.integers(1, 40).map(lambda n: 1 / n)
# Ties, both ends and neighbouring floats are what goes wrong.
one_score = st.floats(0, 1) | st.sampled_from([0.0, 0.5, float(np.nextafter(0.5, 1)), 1.0])


@st.composite
def scored(draw: st.DrawFn) -> Scored:
    positive = draw(st.lists(one_score, min_size=1, max_size=40))
    negative = draw(st.lists(one_score, min_size=1, max_size=40))
    labels = np.array([1] * len(positive) + [0] * len(negative))
    order = np.array(draw(st.permutations(range(len(labels)))))
    return labels[order], np.array(positive + negative)[order]


def counts(pictures: Scored, threshold: float) -> tuple[int, int]:
    """Positive pictures referred and negative ones not referred, counted one by one."""
    pairs = list(zip(*pictures, strict=True))
    referred = sum(score >= threshold for label, score in pairs if label == 1)
    spared = sum(not score >= threshold for label, score in pairs if label == 0)
    return referred, spared


def reaches(count: int, target: float, trials: int) -> bool:
    return count >= target * trials - 1e-9


@given(scored(), targets)
@example((np.array([1, 0]), np.array([0.0, 0.0])), 1.0)
def test_the_sensitivity_is_reached_at_the_best_specificity(
    pictures: Scored, target: float
) -> None:
    trials = int((pictures[0] == 1).sum())
    point = choose_operating_point(*pictures, rule="sensitivity", target=target)
    referred, spared = counts(pictures, point.threshold)
    candidates = [counts(pictures, threshold) for threshold in {0.0, *pictures[1].tolist()}]
    assert reaches(referred, target, trials)
    assert spared == max(s for r, s in candidates if reaches(r, target, trials))
    assert (point.sensitivity.successes, point.specificity.successes) == (referred, spared)


@given(scored(), targets)
@example((np.array([1, 0, 0]), np.array([1.0, 1.0, 0.3])), 0.6)
def test_the_specificity_is_reached_at_the_best_sensitivity_or_refused(
    pictures: Scored, target: float
) -> None:
    trials = int((pictures[0] == 0).sum())
    candidates = [counts(pictures, threshold) for threshold in {1.0, *pictures[1].tolist()}]
    reaching = [r for r, s in candidates if reaches(s, target, trials)]
    if not reaching:
        with pytest.raises(DatasetError, match="score 1"):
            choose_operating_point(*pictures, rule="specificity", target=target)
        return
    point = choose_operating_point(*pictures, rule="specificity", target=target)
    referred, spared = counts(pictures, point.threshold)
    assert reaches(spared, target, trials)
    assert referred == max(reaching)
    assert (point.sensitivity.successes, point.specificity.successes) == (referred, spared)


@given(scored(), targets)
def test_no_higher_threshold_reaches_the_sensitivity(pictures: Scored, target: float) -> None:
    point = choose_operating_point(*pictures, rule="sensitivity", target=target)
    lowest_referred = min(score for score in pictures[1] if score >= point.threshold)
    referred, _ = counts(pictures, float(np.nextafter(lowest_referred, 2)))
    assert not reaches(referred, target, int((pictures[0] == 1).sum()))


@pytest.mark.parametrize("rule", ["sensitivity", "specificity"])
def test_even_a_tiny_target_asks_for_one_picture(rule: str) -> None:
    point = choose_operating_point(np.array([0, 1]), np.array([0.2, 0.8]), rule=rule, target=1e-12)
    assert getattr(point, rule).successes == 1


def test_the_threshold_lies_half_way_to_the_next_score() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.6, 0.9])
    sensitive = choose_operating_point(labels, scores, rule="sensitivity", target=1.0)
    specific = choose_operating_point(labels, scores, rule="specificity", target=1.0)
    assert sensitive.threshold == pytest.approx(0.5)
    assert specific.threshold == pytest.approx(0.5)


def test_a_target_is_not_missed_for_a_rounding_error_of_the_target() -> None:
    # 0.95 × 20 and 0.07 × 100 are a little more than 19 and 7 in floating point.
    for target, trials, needed in ((0.95, 20, 19), (0.07, 100, 7)):
        labels = np.array([1] * trials + [0])
        scores = np.append(np.linspace(0.1, 0.9, trials), 0.0)
        point = choose_operating_point(labels, scores, target=target)
        assert point.sensitivity.successes == needed


def test_a_score_at_the_threshold_is_referred() -> None:
    labels, scores = np.array([0, 1]), np.array([0.0, 1.0])
    point = choose_operating_point(labels, scores, target=1.0)
    assert point.refers(point.threshold)
    assert not point.refers(float(np.nextafter(point.threshold, 0)))


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([1, 1], [0.2, 0.8]),
        ([0, 0], [0.2, 0.8]),
        ([], []),
        ([0, 1], [0.2, math.nan]),
        ([0, 1], [-0.1, 0.5]),
        ([0, 1], [0.5, 1.1]),
    ],
)
def test_pictures_that_cannot_choose_a_threshold_are_refused(
    labels: list[int], scores: list[float]
) -> None:
    with pytest.raises(DatasetError):
        choose_operating_point(np.array(labels), np.array(scores))


@pytest.mark.parametrize(
    "wanted",
    [{"rule": "accuracy"}, {"target": 0.0}, {"target": 1.01}, {"target": -1}, {"target": math.nan}],
)
def test_a_rule_or_target_that_cannot_be_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(CardSchemaError):
        choose_operating_point(np.array([0, 1]), np.array([0.2, 0.8]), **wanted)


@pytest.mark.parametrize("threshold", [-0.01, 1.01, math.nan])
def test_a_threshold_outside_the_scores_is_refused(threshold: float) -> None:
    counted = Proportion(successes=1, trials=1)
    with pytest.raises(CardSchemaError, match="threshold"):
        OperatingPoint(
            rule="sensitivity",
            target=0.9,
            threshold=threshold,
            sensitivity=counted,
            specificity=counted,
            chosen_on="valid",
        )


# Newcombe 1998, Statistics in Medicine 17, 857, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_the_published_ones(
    successes: int, trials: int, low: float, high: float
) -> None:
    interval = Proportion(successes=successes, trials=trials).interval
    assert interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10**12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_mirrors(counts: tuple[int, int]) -> None:
    successes, trials = counts
    share = Proportion(successes=successes, trials=trials)
    low, high = share.interval
    mirrored = Proportion(successes=trials - successes, trials=trials).interval
    assert 0 <= low <= share.value <= high <= 1
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(CardSchemaError):
        Proportion(successes=successes, trials=trials)


@given(st.floats(allow_nan=False), temperatures)
def test_a_score_never_leaves_zero_to_one_and_never_overflows(
    logit: float, temperature: float
) -> None:
    assert 0 <= score_from_logit(logit, temperature) <= 1


@given(finite, finite, temperatures)
def test_a_higher_logit_never_gets_a_lower_score(
    one: float, other: float, temperature: float
) -> None:
    low, high = sorted((one, other))
    assert score_from_logit(low, temperature) <= score_from_logit(high, temperature)


@given(finite, temperatures)
def test_scores_mirror_round_one_half(logit: float, temperature: float) -> None:
    both = score_from_logit(logit, temperature) + score_from_logit(-logit, temperature)
    assert both == pytest.approx(1, abs=1e-15)


def test_the_score_is_the_sigmoid_of_the_logit_over_the_temperature() -> None:
    assert score_from_logit(0.0, 3.0) == 0.5
    assert score_from_logit(2 * math.log(3), 2.0) == pytest.approx(0.75)
    scores = scores_from_logits(np.array([[-1.0, 0.0], [1.0, 700.0]]), 1.0)
    assert scores.shape == (2, 2)
    assert scores[0, 0] == pytest.approx(1 / (1 + math.e))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(CardSchemaError):
        score_from_logit(0.0, temperature)
