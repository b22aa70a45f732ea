"""DeLong's test against a direct computation, textbook figures and the bootstrap."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import bootstrap_difference
from edge_runtime.evaluation.delong import delong


def by_definition(labels: np.ndarray, scores: list[np.ndarray]) -> tuple[float, float]:
    """Difference of areas and its variance, from the kernel of every pair as DeLong wrote it."""
    positive, negative = (np.array([s[labels == k] for s in scores]) for k in (1, 0))
    higher = positive[:, :, None] > negative[:, None, :]
    kernel = higher + 0.5 * (positive[:, :, None] == negative[:, None, :])
    areas = kernel.mean(axis=(1, 2))
    covariance = np.cov(kernel.mean(axis=2)) / positive.shape[1]
    covariance = covariance + np.cov(kernel.mean(axis=1)) / negative.shape[1]
    contrast = np.array([-1.0, 1.0])
    return float(areas @ contrast), float(contrast @ covariance @ contrast)


def cases(seed: int, count: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.4).astype(int)
    shared = labels + rng.normal(size=count)
    return labels, shared + 0.5 * rng.normal(size=count), shared + 0.8 * rng.normal(size=count)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=40
    ).filter(lambda rows: 1 < sum(r[0] for r in rows) < len(rows) - 1)
)
def test_equals_the_definition_with_ties(rows: list[tuple[int, int, int]]) -> None:
    labels, a, b = (np.array(column) for column in zip(*rows, strict=True))
    change, variance = by_definition(labels, [a.astype(float), b.astype(float)])
    found = delong(labels, a, b)
    assert found.change.value == pytest.approx(change, abs=1e-12)
    assert found.standard_error**2 == pytest.approx(max(variance, 0.0), abs=1e-12)


def test_worked_example_by_hand() -> None:
    # Areas 1 and 3/4: V10 of the rival (1, 1/2), V01 (1/2, 1); the reference's are all 1.
    found = delong([1, 1, 0, 0], [4, 3, 2, 1], [4, 2, 3, 1])
    assert found.change.value == -0.25
    assert found.standard_error == pytest.approx(math.sqrt(0.125 / 2 + 0.125 / 2))
    assert found.p_value == pytest.approx(math.erfc(0.5**0.5 / 2**0.5))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_interval_is_near_the_bootstraps(seed: int) -> None:
    labels, a, b = cases(seed)
    found, redrawn = delong(labels, a, b).change, bootstrap_difference(labels, a, b)
    assert found.value == pytest.approx(redrawn.value)
    assert found.high - found.low == pytest.approx(redrawn.high - redrawn.low, rel=0.15)


def test_pictures_of_one_lesion_count_as_one_not_as_many() -> None:
    labels, a, b = cases(4)
    thrice = [np.repeat(values, 3) for values in (labels, a, b)]
    lesions = np.repeat(np.arange(labels.size), 3).astype(str)
    single, grouped = delong(labels, a, b), delong(*thrice, groups=lesions)
    assert grouped.change.value == pytest.approx(single.change.value)
    assert grouped.standard_error == pytest.approx(single.standard_error)
    assert delong(*thrice).standard_error < 0.6 * single.standard_error


def test_lesions_of_one_picture_change_nothing() -> None:
    labels, a, b = cases(5)
    own = np.arange(labels.size).astype(str)
    assert delong(labels, a, b, groups=own).p_value == pytest.approx(delong(labels, a, b).p_value)


def test_chance_differences_have_uniform_p_values() -> None:
    rng = np.random.default_rng(6)
    labels = np.repeat([0, 1], 60)
    drawn = [
        delong(labels, labels + rng.normal(size=120), labels + rng.normal(size=120)).p_value
        for _ in range(400)
    ]
    assert np.mean(np.array(drawn) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_the_same_scores_do_not_differ() -> None:
    labels, a, _ = cases(7)
    found = delong(labels, a, 2 * a)
    assert (found.change.value, found.standard_error, found.p_value) == (0.0, 0.0, 1.0)


def test_one_class_or_one_lesion_leaves_it_undefined() -> None:
    assert math.isnan(delong([1, 1], [1, 2], [2, 1]).p_value)
    alone = delong([1, 0, 0], [1, 2, 0], [2, 1, 0])
    assert alone.change.value == 0.5
    assert math.isnan(alone.change.low)
    assert math.isnan(alone.p_value)


def test_other_cases_are_refused() -> None:
    with pytest.raises(DatasetError):
        delong([1, 0], [1, 2], [1, 2, 3])
